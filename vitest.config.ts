import { defineConfig } from 'vitest/config';

const project = (name: string, testTimeout: number, extra: { fileParallelism?: boolean } = {}) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout, hookTimeout: testTimeout, ...extra },
});

export default defineConfig({
  test: {
    projects: [
      project('unit', 5_000),
      project('property', 20_000),
      project('contract', 10_000),
      // Real sockets, processes and threads on two cores: one file at a time keeps rates honest.
      project('integration', 60_000, { fileParallelism: false }),
      project('peers', 240_000, { fileParallelism: false }),
    ],
  },
});
