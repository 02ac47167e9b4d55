import { Absent } from '@btf-depot/services';
import { describeWithServices } from '@btf-depot/services/testing';
import { expect, test } from 'vitest';
import { walk } from './walk.ts';

// A short run of `node apps/e2e/src/fault-walk/main.ts`, which runs for any time.
describeWithServices(['redis', 'minio'], 'a while of faults', () => {
  test('loses no kernel that was acknowledged, and serves no wrong byte', async (context) => {
    const walked = await walk({ minutes: 0.7, seed: 21 }).catch((error: unknown) => {
      if (error instanceof Absent && process.env.CI !== 'true') return error;
      throw error;
    });
    if (walked instanceof Absent) return context.skip(walked.message);
    expect(walked).toMatchObject({
      lost: [],
      wrong: [],
      unrecovered: [],
      findings: [],
      orphans: 0,
    });
    expect(walked.acknowledged).toBeGreaterThan(0);
    expect(walked.reads.complete).toBeGreaterThan(100);
  }, 900_000);
});
