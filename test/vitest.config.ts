import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

// Most of a test is waiting for processes and disks: two files at a time, even where there is no core to spare.
const maxWorkers = Math.max(2, availableParallelism() - 1);

/** They measure memory, or open connections by the thousand: nothing else runs beside them. */
const alone = ['test/e2e/hostile-http.test.ts'];

const e2e = { testTimeout: 120_000, hookTimeout: 120_000 };

export default defineConfig({
  root: `${import.meta.dirname}/..`,
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**'],
          testTimeout: 20_000,
          maxWorkers,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          exclude: alone,
          ...e2e,
          maxWorkers,
        },
      },
      {
        extends: true,
        test: { name: 'alone', include: alone, ...e2e, fileParallelism: false },
      },
    ],
  },
});
