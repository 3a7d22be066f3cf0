import { defineConfig } from 'vitest/config';

const project = (name: string, testTimeout: number, extra: { fileParallelism?: boolean; retry?: number } = {}) => ({
  test: {
    name,
    setupFiles: ['test/support/seed.ts'],
    include: [`test/${name}/**/*.test.ts`],
    testTimeout,
    hookTimeout: testTimeout,
    ...extra,
  },
});

// CI's machine is shared: what real sockets, processes and threads do there may be disturbed once, not three times.
const onSharedMachine = { retry: process.env['CI'] === undefined ? 0 : 2 };

// CI adds up the reports of all runs; a person sees the terminal's.
const reports = process.env['SWARMCAST_TEST_REPORTS'];
// The gateway refuses unknown SWARMCAST_ names in its environment, also when tests start it.
delete process.env['SWARMCAST_TEST_REPORTS'];

export default defineConfig({
  test: {
    // Half of the tests wait more than they work: two files at a time, also on two cores.
    maxWorkers: 2,
    ...(reports === undefined
      ? {}
      : { reporters: ['default', 'json'], outputFile: { json: `${reports}/${process.pid}.json` } }),
    projects: [
      project('unit', 5_000),
      project('property', 20_000),
      project('contract', 10_000),
      // Real sockets, processes and threads. What measures a rate tries again when it was disturbed.
      project('integration', 60_000, onSharedMachine),
      // A browser, a gateway and simulators for each file.
      project('e2e', 150_000, { fileParallelism: false, ...onSharedMachine }),
      // Bounds in real time: alone on the machine, not beside other files.
      project('faults', 120_000, { fileParallelism: false }),
      project('peers', 240_000, { fileParallelism: false, ...onSharedMachine }),
    ],
  },
});
