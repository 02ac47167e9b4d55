import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openFsStores } from '@btf-depot/blob-store';
import type { KernelRecord } from '@btf-depot/contracts';
import { blobsOf } from '@btf-depot/depot';
import { buildIdOf, kernelBtf, kernelFile } from '@btf-depot/testing';
import { testFolder } from '@btf-depot/testing/folders';
import { startDepot, type StartedDepot } from '@btf-depot/testing/processes';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { scriptedUpstream, type ScriptedUpstream } from './scripted-upstream.ts';

const folder = testFolder();
let upstream: ScriptedUpstream;
let depot: StartedDepot | undefined;

beforeAll(async () => {
  upstream = await scriptedUpstream();
});
afterEach(async () => {
  await depot?.stop();
});
afterAll(async () => {
  await upstream.dispose();
});

const fileOf = (name: string, of = name) =>
  kernelFile({ buildId: buildIdOf(name), btf: kernelBtf({ name: of }), ballast: 50_000 });

function offer(name: string): string {
  const buildId = buildIdOf(name);
  upstream.files.set(`/buildid/${buildId}/debuginfo`, fileOf(name));
  return buildId;
}

async function start(data: string, space: number): Promise<StartedDepot> {
  depot = await startDepot(join(folder, data), {
    BTFDEPOT_UPSTREAMS: upstream.setting,
    BTFDEPOT_PULLED_SPACE: String(space),
  });
  return depot;
}

async function pull({ url }: StartedDepot, buildId: string): Promise<KernelRecord> {
  return vi.waitFor(
    async () => {
      const record = (await (await fetch(`${url}/v1/kernels/${buildId}?wait=30`)).json()) as object;
      expect(record).toMatchObject({ state: 'ready' });
      return record as KernelRecord;
    },
    { timeout: 60_000, interval: 100 },
  );
}

const statusOf = async ({ url }: StartedDepot, buildId: string) =>
  (await fetch(`${url}/v1/kernels/${buildId}?pull=no`)).status;

const becomes = (of: StartedDepot, buildId: string, status: number) =>
  vi.waitFor(async () => expect(await statusOf(of, buildId)).toBe(status), {
    timeout: 60_000,
    interval: 100,
  });

test('a fetched kernel makes room for the next, and is fetched again when it is asked for', async () => {
  const running = await start('again', 0);
  const [one, two] = [offer('one'), offer('two')];
  const { core } = await pull(running, one);
  await pull(running, two);
  await becomes(running, one, 410);
  const shard = join(folder, 'again', 'blobs', 'sha256', core.sha256.slice(0, 2));
  await vi.waitFor(
    async () => expect(await readdir(shard).catch(() => [])).not.toContain(core.sha256),
    { timeout: 60_000 },
  );
  expect(await pull(running, one)).toMatchObject({ core: { sha256: core.sha256 } });
  await becomes(running, two, 410);
});

test('what a farm sends of a fetched kernel makes it the farm’s, which is never evicted', async () => {
  const running = await start('farm', 0);
  const [same, other, third] = [offer('same'), offer('other'), offer('third')];
  const send = async (bytes: Uint8Array) => {
    const body = Buffer.from(bytes);
    const answer = await fetch(`${running.url}/v1/kernels`, { method: 'POST', body });
    expect(answer.ok).toBe(true);
  };
  await pull(running, same);
  await send(fileOf('same'));
  await pull(running, other);
  await send(fileOf('other', 'another build says'));
  await pull(running, third);
  const fourth = offer('fourth');
  await pull(running, fourth);
  await becomes(running, third, 410);
  for (const buildId of [same, other]) {
    expect(await pull(running, buildId)).toMatchObject({ owner: { rank: 'token' } });
  }
});

test('after a restart, the depot knows what was asked for', async () => {
  const first = await start('restart', 2 ** 30);
  const [one, two, three] = [offer('one'), offer('two'), offer('three')];
  const record = await pull(first, one);
  const sizes = new Map(blobsOf(record).map(({ sha256, size }) => [sha256, size]));
  const bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  await pull(first, two);
  await first.stop();
  // One process asks, and a third one evicts.
  const second = await start('restart', 2 ** 30);
  await pull(second, one);
  await pull(second, three);
  await vi.waitFor(
    async () => expect(await readdir(join(folder, 'restart', 'asked'))).toContain(one),
    { timeout: 60_000 },
  );
  await second.stop();
  const last = await start('restart', Math.round(bytes * 2.5));
  // Not by a question to the depot, which would make it the one that was asked for last.
  const { records } = await openFsStores(join(folder, 'restart'));
  await expect.poll(async () => (await records.get(two))?.record.state).toBe('withdrawn');
  expect([await statusOf(last, one), await statusOf(last, three)]).toEqual([200, 200]);
});
