import { openAsBlob } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { kernelPath } from '@btf-depot/contracts';
import { describeWithKernels } from '@btf-depot/kernels/testing';
import { afterEach, expect, test } from 'vitest';
import { startIngest } from '../testing/start-ingest.ts';

const BUILD_ID = '7f76f39faf07f34cfa9fadd801e131bfa8cb6dc3';
const UNITS = 2401;

interface Status {
  code?: string;
  state?: string;
  progress?: { done: number; total: number };
}

describeWithKernels(['K612'], 'while a Debian kernel is split', ({ K612 }) => {
  let ingest: Awaited<ReturnType<typeof startIngest>>;

  afterEach(() => ingest.stop());

  const send = async (signal?: AbortSignal) =>
    fetch(`${ingest.url}/v1/kernels`, {
      method: 'POST',
      body: await openAsBlob(K612.vmlinux),
      signal: signal ?? null,
    });

  const statusNow = async () =>
    (await (await fetch(`${ingest.url}${kernelPath(BUILD_ID)}/status`)).json()) as Status;

  async function untilSplitting(): Promise<void> {
    while (((await statusNow()).progress?.total ?? 0) === 0) await sleep(50);
  }

  test('its status counts units, others come later, and its record says what was covered', async () => {
    ingest = await startIngest({ BTFDEPOT_THREADS: '1', BTFDEPOT_WAITING: '0' });
    const answer = send();
    await untilSplitting();
    const other = await fetch(`${ingest.url}/v1/kernels`, { method: 'POST', body: 'another' });
    expect(other.status).toBe(503);
    expect(other.headers.get('retry-after')).toBe('2');
    expect(await other.json()).toMatchObject({ code: 'busy' });
    const seen: Status[] = [];
    for (let one = await statusNow(); one.state === 'splitting'; one = await statusNow()) {
      seen.push(one);
      await sleep(20);
    }
    expect((await answer).status).toBe(201);
    const done = seen.map(({ progress }) => progress?.done ?? 0);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    expect(new Set(done).size).toBeGreaterThan(2);
    expect(seen.every(({ progress }) => progress?.total === UNITS)).toBe(true);
    const vars = (await ingest.record(BUILD_ID))?.parts.vars;
    const {
      seen: all,
      taken,
      leftOut,
    } = vars?.coverage as Record<string, number> & {
      leftOut: Record<string, number>;
    };
    expect(vars).toMatchObject({ origin: 'dwarf', coverage: { units: UNITS } });
    expect(taken + Object.values(leftOut).reduce((sum, count) => sum + count)).toBe(all);
  });

  test('a client that goes away takes the work with it', async () => {
    ingest = await startIngest({});
    const before = await ingest.left();
    const client = new AbortController();
    const answer = send(client.signal);
    await untilSplitting();
    client.abort();
    await expect(answer).rejects.toThrow();
    await expect.poll(statusNow).toMatchObject({ code: 'unknown-build-id' });
    await expect.poll(ingest.left).toEqual(before);
    // A split that went on would fill a processor for a second.
    const used = process.cpuUsage();
    await sleep(500);
    const { user } = process.cpuUsage(used);
    expect(user).toBeLessThan(150_000);
  });
});
