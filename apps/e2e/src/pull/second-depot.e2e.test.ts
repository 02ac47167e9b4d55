import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodePublicKey, type KernelRecord } from '@btf-depot/contracts';
import { createSecretKey, openSecretKey } from '@btf-depot/depot';
import { buildIdOf, kernelWithoutBtf } from '@btf-depot/testing';
import { testFolder } from '@btf-depot/testing/folders';
import { btfdepot, startDepot, type StartedDepot } from '@btf-depot/testing/processes';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { scriptedUpstream, type ScriptedUpstream } from './scripted-upstream.ts';

const folder = testFolder();
const keys = { first: createSecretKey(), second: createSecretKey(), stranger: createSecretKey() };
const secretOf = (name: keyof typeof keys) => join(folder, `${name}.sec`);
const publicOf = (name: keyof typeof keys) => join(folder, `${name}.pub`);
const numberOf = (name: keyof typeof keys) => openSecretKey(keys[name]).publicKey.number;

let debuginfod: ScriptedUpstream;
let first: StartedDepot;
let second: StartedDepot | undefined;
let started = 0;

beforeAll(async () => {
  for (const [name, secret] of Object.entries(keys)) {
    const of = name as keyof typeof keys;
    await writeFile(secretOf(of), secret);
    await writeFile(publicOf(of), encodePublicKey(openSecretKey(secret).publicKey));
  }
  debuginfod = await scriptedUpstream();
  first = await startDepot(join(folder, 'first'), {
    BTFDEPOT_UPSTREAMS: debuginfod.setting,
    BTFDEPOT_SIGNING_KEYS: secretOf('first'),
  });
});
afterEach(async () => {
  await second?.stop();
});
afterAll(async () => {
  await first.stop();
  await debuginfod.dispose();
});

/** A kernel with variables. */
function offer(name: string): string {
  const buildId = buildIdOf(name);
  debuginfod.files.set(`/buildid/${buildId}/debuginfo`, kernelWithoutBtf(buildId));
  return buildId;
}

async function startSecond(settings: Record<string, string> = {}): Promise<StartedDepot> {
  second = await startDepot(join(folder, `second-${started++}`), {
    BTFDEPOT_UPSTREAMS: `depot ${first.url}`,
    ...settings,
  });
  return second;
}

const ready = ({ url }: StartedDepot, buildId: string): Promise<KernelRecord> =>
  vi.waitFor(
    async () => {
      const record: unknown = await (await fetch(`${url}/v1/kernels/${buildId}?wait=30`)).json();
      expect(record).toMatchObject({ state: 'ready' });
      return record as KernelRecord;
    },
    { timeout: 60_000, interval: 100 },
  );

const textOf = async ({ url }: StartedDepot, buildId: string, name: string) => {
  const answer = await fetch(`${url}/v1/kernels/${buildId}/${name}?pull=no`);
  return answer.ok ? answer.text() : String(answer.status);
};

test('has what the first fetches for it: the same parts, and the same artifacts', async () => {
  const buildId = offer('asked_of_both');
  const running = await startSecond();
  const copy = await ready(running, buildId);
  const original = await ready(first, buildId);
  expect(copy.owner).toEqual({
    principal: `upstream:${new URL(first.url).host}`,
    rank: 'upstream',
  });
  expect(Object.keys(copy.parts)).toContain('vars');
  expect(copy.parts.vars?.sha256).toBe(original.parts.vars?.sha256);
  expect(await textOf(running, buildId, 'SHA256SUMS')).toBe(
    await textOf(first, buildId, 'SHA256SUMS'),
  );
});

test('publishes the first’s signature beside its own, also after an eviction', async () => {
  const [buildId, next] = [offer('signed_twice'), offer('next')];
  const running = await startSecond({
    BTFDEPOT_SIGNING_KEYS: secretOf('second'),
    BTFDEPOT_UPSTREAM_KEYS: `${publicOf('stranger')},${publicOf('first')}`,
    BTFDEPOT_PULLED_SPACE: '0',
  });
  const isBoth = async () => {
    await ready(running, buildId);
    const named = `manifest.${numberOf('first')}.sig`;
    expect(await textOf(running, buildId, named)).toBe(await textOf(first, buildId, named));
    for (const key of [publicOf('first'), publicOf('second')]) {
      const args = ['get', buildId, 'vmlinux.btf', '--url', running.url, '--keys', key];
      const { code, output } = await btfdepot(args, folder);
      expect([code, output]).toEqual([0, expect.stringContaining('signature checked')]);
    }
  };
  await isBoth();
  await ready(running, next);
  await vi.waitFor(async () => expect(await textOf(running, buildId, 'manifest')).toBe('410'), {
    timeout: 60_000,
    interval: 100,
  });
  await isBoth();
});

test('takes nothing that no trusted key signed', async () => {
  const buildId = offer('signed_by_others');
  const running = await startSecond({ BTFDEPOT_UPSTREAM_KEYS: publicOf('stranger') });
  await ready(first, buildId);
  const answer = await fetch(`${running.url}/v1/kernels/${buildId}?wait=30`);
  expect(await answer.json()).toMatchObject({
    code: 'unknown-build-id',
    pull: { misses: [{ reason: 'bad-signature' }] },
  });
});
