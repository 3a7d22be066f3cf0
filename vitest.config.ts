import { defineConfig } from 'vitest/config';

const project = (name: string, testTimeout: number, extra: { fileParallelism?: boolean } = {}) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout, hookTimeout: testTimeout, ...extra },
});

// CI adds up the reports of all runs; a person sees the terminal's.
const reports = process.env['SWARMCAST_TEST_REPORTS'];
// The gateway refuses unknown SWARMCAST_ names in its environment, also when tests start it.
delete process.env['SWARMCAST_TEST_REPORTS'];

export default defineConfig({
  test: {
    ...(reports === undefined
      ? {}
      : { reporters: ['default', 'json'], outputFile: { json: `${reports}/${process.pid}.json` } }),
    projects: [
      project('unit', 5_000),
      project('property', 20_000),
      project('contract', 10_000),
      // Real sockets, processes and threads on two cores: one file at a time keeps rates honest.
      project('integration', 60_000, { fileParallelism: false }),
      // A browser, a gateway and simulators for each file.
      project('e2e', 150_000, { fileParallelism: false }),
      project('peers', 240_000, { fileParallelism: false }),
    ],
  },
});
