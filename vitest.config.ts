import { defineConfig } from 'vitest/config';

// One project a tier. A file name says where its tests belong: x.test.ts, x.e2e.test.ts and
// x.contract.test.ts need nothing but Node,
// x.redis.test.ts, x.minio.test.ts and x.services.test.ts need the servers that tools/services
// starts, x.kernels.test.ts the kernels and judges that tools/kernels fetches, x.lab.test.ts the
// machines that tools/lab boots, x.browser.test.ts a browser.
const services = ['**/*.{redis,minio,services}.test.ts'];
const kernels = ['**/*.kernels.test.ts'];
const lab = ['**/*.lab.test.ts'];
const browser = ['**/*.browser.test.ts'];
const ignored = ['**/node_modules/**'];
const setupFiles = ['libs/testing/src/setup.ts'];

// How long a machine that has other work may take for what is about to happen. A test that is about
// time says its own limit.
const poll = { timeout: 60_000 };
const testTimeout = 240_000;
const hookTimeout = 180_000;

export default defineConfig({
  test: {
    // Of two processors, too: the default leaves one to vitest itself, which hardly needs it.
    maxWorkers: '100%',
    projects: [
      {
        test: {
          name: 'unit',
          // Files of one process share their modules: no test may leave anything changed behind it.
          isolate: false,
          setupFiles,
          include: ['**/*.test.ts'],
          exclude: [...ignored, ...services, ...kernels, ...lab, ...browser],
          testTimeout,
          hookTimeout,
          expect: { poll },
        },
      },
      {
        test: {
          name: 'services',
          setupFiles,
          include: services,
          exclude: ignored,
          globalSetup: 'tools/services/src/vitest.ts',
          testTimeout,
          hookTimeout,
          expect: { poll },
        },
      },
      {
        test: {
          name: 'kernels',
          setupFiles,
          include: kernels,
          exclude: ignored,
          globalSetup: 'tools/kernels/src/vitest.ts',
          testTimeout: 300_000,
          hookTimeout: 300_000,
          expect: { poll },
        },
      },
      {
        test: {
          name: 'lab',
          setupFiles,
          include: lab,
          exclude: ignored,
          globalSetup: 'tools/lab/src/vitest.ts',
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
      {
        test: {
          name: 'browser',
          include: browser,
          exclude: ignored,
          globalSetup: 'tools/browser/src/vitest.ts',
          testTimeout,
          hookTimeout: 120_000,
          expect: { poll },
          fileParallelism: false,
        },
      },
    ],
  },
});
