import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DepotClient } from '@btf-depot/client';
import { buildIdOf, kernelBtf, kernelFile } from '@btf-depot/testing';
import { testFolder } from '@btf-depot/testing/folders';
import { btfdepot, startDepot, type StartedDepot } from '@btf-depot/testing/processes';
import { afterAll, beforeAll, expect, test } from 'vitest';

const folder = testFolder();
let depot: StartedDepot;
let url: string;

beforeAll(async () => {
  depot = await serve('data');
  url = depot.url;
});

afterAll(() => depot.stop());

const serve = (data: string) => startDepot(join(folder, data), { BTFDEPOT_SWEEP_PERIOD: '1' });

async function upload(seed: string): Promise<string> {
  const buildId = buildIdOf(seed);
  const btf = kernelBtf({ name: seed });
  const kernel = new Blob([new Uint8Array(kernelFile({ buildId, btf }))]);
  await new DepotClient(url).upload({ kernel });
  return buildId;
}

test('a copy taken during uploads is whole, and a depot on it serves the same bytes', async () => {
  const first = await upload('before');
  await new DepotClient(url).waitUntilDone(first, AbortSignal.timeout(20_000));
  const uploads = Array.from({ length: 12 }, (_, index) => upload(`during_${String(index)}`));
  const copied = await btfdepot(['copy', 'data', 'copy', '--json'], folder);
  expect(copied.output).toContain('"copied"');
  expect(copied.code).toBe(0);
  await Promise.all(uploads);

  const checked = await btfdepot(['fsck', '--data', 'copy', '--json'], folder);
  expect(JSON.parse(checked.output)).toMatchObject({ findings: [] });
  expect(checked.code).toBe(0);

  const restored = await serve('copy');
  const artifact = async (from: string) => {
    const answer = await fetch(`${from}/v1/kernels/${first}/btf_vmlinux.ko.gz`);
    expect(answer.status).toBe(200);
    return Buffer.from(await answer.arrayBuffer());
  };
  expect((await artifact(restored.url)).equals(await artifact(url))).toBe(true);
  expect(await restored.stop()).toBe(0);
});

test('reprocessed, a kernel is ready again under its next revision, with the same bytes', async () => {
  const buildId = buildIdOf('before');
  const run = (...args: string[]) =>
    btfdepot(['reprocess', ...args, '--data', 'data', '--json'], folder);
  const artifact = async () =>
    (await new DepotClient(url).artifact(buildId, 'btf_vmlinux.ko')).entry;
  const before = await artifact();
  const done = await run('--encoder', '<99.0.0', buildId);
  expect(JSON.parse(done.output)).toMatchObject({ reprocessed: [{ buildId, changed: [] }] });
  const ready = async () => (await new DepotClient(url).status(buildId)) ?? {};
  await expect.poll(ready).toMatchObject({ state: 'ready', revision: 2 });
  expect(await artifact()).toEqual(before);
});

test('a kernel withdrawn by query is gone, and gc deletes its bytes', async () => {
  const run = async (...args: string[]) => {
    const { code, output } = await btfdepot([...args, '--data', 'data', '--json'], folder);
    expect(code).toBe(0);
    return JSON.parse(output) as Record<string, unknown>;
  };
  const buildId = buildIdOf('before');
  const query = ['withdraw', '--prefix', buildId.slice(0, 12), '--reason', 'wrong types'];
  expect(await run(...query, '--dry-run')).toEqual({ withdrawn: [buildId], dryRun: true });
  expect((await fetch(`${url}/v1/kernels/${buildId}`)).status).toBe(200);
  await run(...query);
  expect((await fetch(`${url}/v1/kernels/${buildId}`)).status).toBe(410);
  expect(await run('gc')).toMatchObject({ collected: [] });
  const collected = (await run('gc', '--min-age', '0')).collected as unknown[];
  expect(collected.length).toBeGreaterThan(0);
  expect(await run('fsck')).toMatchObject({ findings: [] });
});

test('an empty query withdraws nothing', async () => {
  const buildId = await upload('kept');
  for (const flag of ['--prefix', '--distro', '--release']) {
    const asked = ['withdraw', flag, '', '--reason', 'wrong types', '--data', 'data'];
    const { code, output } = await btfdepot(asked, folder);
    expect([code, output]).toEqual([2, `btfdepot: ${flag} is empty\n`]);
  }
  expect((await fetch(`${url}/v1/kernels/${buildId}`)).status).toBe(200);
});

test('a mistyped folder does not count as an empty, faultless store', async () => {
  for (const [expected, asked] of [
    // Unchecked kernels are reported apart from faulty ones.
    [2, ['fsck', '--data', 'dota']],
    [1, ['gc', '--data', 'dota']],
    [1, ['copy', 'dota', 'copied']],
  ] as const) {
    const { code, output } = await btfdepot([...asked], folder);
    expect(code).toBe(expected);
    expect(output).toContain('the folder dota contains no store');
  }
  expect(await readdir(folder)).not.toContain('dota');
});

test('a token is shown once, listed without its secret, and revoked', async () => {
  const run = (...args: string[]) =>
    btfdepot(['token', ...args, '--data', 'data', '--json'], folder);
  const made = JSON.parse(
    (
      await run(
        'create',
        'farm',
        '--owner',
        'debian',
        '--days',
        '1',
        '--keep-days',
        '28',
        '--storage',
        '1g',
      )
    ).output,
  ) as {
    id: string;
    token: string;
  };
  const listed = (await run('list')).output;
  expect(JSON.parse(listed)).toMatchObject([
    {
      id: made.id,
      name: 'farm',
      owner: 'debian',
      scopes: ['upload'],
      keepDays: 28,
      storage: 2 ** 30,
    },
  ]);
  expect(listed).not.toContain(made.token.split('_')[2]);
  expect((await run('revoke', made.id)).code).toBe(0);
  expect((await run('list')).output).toContain('revokedAt');
  expect((await run('create', 'x', '--scopes', 'everything')).code).toBe(2);
  for (const owner of ['', 'two words', 'upstream:debian', 'import:backup']) {
    expect((await run('create', 'x', '--owner', owner)).code).toBe(2);
  }
});

test('a kernel is given to another owner, and the manifest marks parts of others', async () => {
  const buildId = await upload('owned');
  const depot = new DepotClient(url);
  await depot.waitUntilDone(buildId, AbortSignal.timeout(20_000));
  const run = async (...args: string[]) => {
    const { code, output } = await btfdepot(['owner', ...args, '--data', 'data', '--json'], folder);
    expect(code).toBe(0);
    return JSON.parse(output) as object;
  };
  const local = { owner: { principal: 'local' }, claimed: [], revision: 1 };
  expect(await run('show', buildId)).toMatchObject(local);
  const farm = { owner: { principal: 'farm', rank: 'assigned', signers: ['signer'] } };
  const set = ['set', buildId, 'farm', '--signer', 'signer'];
  expect(await run(...set)).toMatchObject({ ...farm, claimed: [], revision: 1 });
  const manifest = async () => (await fetch(`${url}/v1/kernels/${buildId}/manifest`)).text();
  expect(await manifest()).not.toContain('claimed');
  expect(await run(...set, '--distrust')).toMatchObject({ claimed: ['core'], revision: 2 });
  await expect.poll(manifest).toContain('\nclaimed vmlinux.btf btf_vmlinux.ko');
  const { output } = await btfdepot(['fsck', '--data', 'data', '--json'], folder);
  expect(JSON.parse(output)).toMatchObject({ findings: [] });
  const wrong = ['owner', 'set', buildId, 'two words', '--data', 'data'];
  expect((await btfdepot(wrong, folder)).code).toBe(2);
});

test('an address beyond loopback is refused without a word on tokens', async () => {
  const { code, output } = await btfdepot(['serve', '--host', '0.0.0.0', '--port', '0'], folder);
  expect(code).toBe(1);
  expect(output).toContain('BTFDEPOT_TOKENS');
});
