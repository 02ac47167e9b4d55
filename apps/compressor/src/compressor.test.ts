import { AnnounceLater, systemClock, type Compute } from '@btf-depot/depot';
import type { Announcer } from '@btf-depot/depot';
import { InProcessJobQueue } from '@btf-depot/job-queue';
import { createLogger, Metrics, readSettings } from '@btf-depot/service-kit';
import { kernelRecord, memoryStores, someBytes } from '@btf-depot/testing';
import { expect, test, vi } from 'vitest';
import { compressorSettings, startCompressor } from './index.ts';

test('a kernel that waits is found, made ready, and announced as soon as somebody listens', async () => {
  const { blobs, records } = memoryStores();
  const record = kernelRecord();
  await blobs.put(record.core.sha256, someBytes(64, 'core'));
  await records.put(record, undefined);
  const compute: Pick<Compute, 'pack'> = { pack: () => Promise.resolve([]) };
  const announce = vi
    .fn<Announcer['announce']>()
    .mockRejectedValueOnce(new AnnounceLater('away', true))
    .mockResolvedValue(undefined);
  const queue = new InProcessJobQueue({ onError: () => undefined });
  const compressor = startCompressor(
    {
      ...{ blobs, records, queue, compute: compute as Compute, clock: systemClock },
      ...{
        log: createLogger('test', 'silent'),
        metrics: new Metrics(),
        announcer: { announce },
        signingKeys: [],
      },
    },
    readSettings(compressorSettings, { BTFDEPOT_SWEEP_PERIOD: '0.05' }),
  );
  const stored = async () => (await records.get(record.buildId))?.record;
  await vi.waitFor(async () => expect(await stored()).toMatchObject({ state: 'ready' }));
  await vi.waitFor(async () => expect(await stored()).not.toHaveProperty('unannounced'));
  await compressor.close();
  expect(announce).toHaveBeenCalledTimes(2);
  await queue.close();
});
