import type { SourceOptions } from '../kinds.ts';
import { UPSTREAM_LIMITS } from '../limits.ts';

/**
 * For archives that are neither signed nor compressed, and folders in which no file is a kernel.
 */
export const TEST_OPTIONS: SourceOptions = {
  limits: UPSTREAM_LIMITS,
  trust: { unsigned: true },
  // eslint-disable-next-line @typescript-eslint/require-await -- others come in pieces
  async *unpacked(bytes) {
    yield bytes;
  },
  rpmSignature: () => {
    throw new Error('not asked for');
  },
  look: () => Promise.resolve([]),
};
