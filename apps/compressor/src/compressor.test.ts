import { AnnounceLater, type Compute } from '@btf-depot/depot';
import type { Announcer } from '@btf-depot/depot';
import { InProcessJobQueue } from '@btf-depot/job-queue';
import { createLogger, Metrics, readSettings } from '@btf-depot/service-kit';
import { buildIdOf, kernelRecord, memoryStores, someBytes } from '@btf-depot/testing';
import { startProcess, urlOf } from '@btf-depot/testing/processes';
import { expect, test, vi } from 'vitest';
import { compressorSettings, createCompressor } from './index.ts';

/** A compressor over kernels that wait. */
async function start(
  names: string[],
  pack: Compute['pack'],
  settings: Record<string, string> = {},
  announcer?: Announcer,
) {
  const { blobs, records } = memoryStores();
  for (const name of names) {
    await blobs.put(kernelRecord().core.sha256, someBytes(64, 'core'));
    await records.put(kernelRecord({ buildId: buildIdOf(name) }), undefined);
  }
  const queue = new InProcessJobQueue({ onError: () => undefined });
  const compute = { pack } as Compute;
  const log = createLogger('test', 'silent');
  const deps = { blobs, records, queue, compute, log, metrics: new Metrics() };
  const compressor = await createCompressor(
    { ...deps, announcer },
    readSettings(compressorSettings, { BTFDEPOT_SWEEP_PERIOD: '0.05', ...settings }),
  );
  compressor.start();
  return {
    stored: async (name: string) => (await records.get(buildIdOf(name)))?.record,
    close: async () => {
      await compressor.close();
      await queue.close();
    },
  };
}

test('a kernel that waits is found, made ready, and announced as soon as somebody listens', async () => {
  const announce = vi
    .fn<Announcer['announce']>()
    .mockRejectedValueOnce(new AnnounceLater('away', true))
    .mockResolvedValue(undefined);
  const { stored, close } = await start(['one'], () => Promise.resolve([]), {}, { announce });
  await vi.waitFor(
    async () => expect(await stored('one')).toMatchObject({ state: 'ready' }),
    60_000,
  );
  await vi.waitFor(
    async () => expect(await stored('one')).not.toHaveProperty('unannounced'),
    60_000,
  );
  await close();
  expect(announce).toHaveBeenCalledTimes(2);
});

test.each([1, 2, 3])('of four kernels, %i are compressed at one time', async (most) => {
  const names = ['a', 'b', 'c', 'd'];
  const packing: (() => void)[] = [];
  const seen: number[] = [];
  const pack = () =>
    new Promise<[]>((resolve) => {
      packing.push(() => resolve([]));
      seen.push(packing.length);
    });
  const settings = { BTFDEPOT_COMPRESSORS: String(most) };
  const { stored, close } = await start(names, pack, settings);
  for (let left = names.length; left > 0; left--) {
    await vi.waitFor(() => expect(packing).toHaveLength(Math.min(most, left)), 60_000);
    packing.shift()?.();
  }
  for (const name of names) {
    await vi.waitFor(
      async () => expect(await stored(name)).toMatchObject({ state: 'ready' }),
      60_000,
    );
  }
  await close();
  expect(Math.max(...seen)).toBe(most);
});

test('--concurrency stands before the setting, and is checked like it', async () => {
  const main = 'apps/compressor/src/main.ts';
  const settings = (compressors: string) => ({ BTFDEPOT_COMPRESSORS: compressors });
  const wrong = startProcess(main, ['--concurrency', '0'], settings('2'));
  await expect(urlOf(wrong)).rejects.toThrow('BTFDEPOT_COMPRESSORS');
  // This one cannot start either: it is told of no server.
  const right = startProcess(main, ['--concurrency', '2'], settings('0'));
  await expect(urlOf(right)).rejects.toThrow('BTFDEPOT_S3_ACCESS_KEY');
  expect(right.lines.join('\n')).not.toContain('BTFDEPOT_COMPRESSORS');
});
