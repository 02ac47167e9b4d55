import { carrier, unsigned } from '@btf-depot/carrier';
import { signatureOf } from '@btf-depot/carrier/testing';
import { bytesSource } from '@btf-depot/bytes';
import { claimedParts, kernelPath } from '@btf-depot/contracts';
import { createToken, setOwner, splitKernel, type NewToken } from '@btf-depot/depot';
import { buildIdOf, kernelBtf, kernelFile, loadableKernel } from '@btf-depot/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startIngest } from '../testing/start-ingest.ts';

let ingest: Awaited<ReturnType<typeof startIngest>>;

beforeAll(async () => {
  ingest = await startIngest({ BTFDEPOT_TOKENS: 'uploads' });
});

afterAll(() => ingest.stop());

async function tokenOf(owner: string, options: Partial<NewToken> = {}) {
  const createdAt = new Date().toISOString();
  const named = { name: owner, owner, scopes: ['upload'], createdAt };
  const { text, token } = createToken({ ...named, ...options });
  await ingest.tokens.put(token);
  return text;
}

type Files = Record<string, Uint8Array>;

async function send(token: string, parts: Files, query = '') {
  const form = new FormData();
  for (const [name, bytes] of Object.entries(parts)) {
    form.append(name, new Blob([new Uint8Array(bytes)]), name);
  }
  const headers = { Authorization: `Bearer ${token}` };
  const response = await fetch(`${ingest.url}/v1/kernels${query}`, {
    method: 'POST',
    headers,
    body: form,
  });
  const body = (await response.json()) as { code?: string; detail?: string; revision?: number };
  return { status: response.status, body };
}

/** A kernel, what its stripped image has, and what else its build made. */
function built(seed: string) {
  const buildId = buildIdOf(seed);
  const { vmlinux, full, map } = loadableKernel(buildId);
  const { vmlinux: image } = loadableKernel(buildId, { symbols: true });
  const of = `?buildId=${buildId}`;
  const record = async () => {
    const found = await ingest.record(buildId);
    if (!found) throw new Error(`no record of ${seed}`);
    return found;
  };
  return { buildId, vmlinux, image, full, map, of, record };
}

/** What a build with the farm's key would make. */
function signedCarrier({ buildId, vmlinux, full }: ReturnType<typeof built>): Uint8Array {
  const input = { kernel: bytesSource(vmlinux), full: bytesSource(full) };
  const { core, vars, ksyms, carrier: facts } = splitKernel(input, { extras: ['vars'] });
  if (!vars || !ksyms || !facts.load) throw new Error('no carrier');
  const module = carrier({
    target: { class: 64, endian: 'little', machine: 62 },
    buildId,
    load: facts.load,
    baseSha256: core.sha256,
    btf: { holds: 'ksyms', bytes: ksyms.bytes },
    extras: [{ name: 'vars', bytes: vars.bytes }],
  });
  return Buffer.concat([module, signatureOf()]);
}

describe('a farm', () => {
  test('sends the debug package first and the image later, with two tokens', async () => {
    const kernel = built('debug first');
    const [debug, images] = [await tokenOf('farm'), await tokenOf('farm')];
    await send(debug, { kernel: kernel.vmlinux, full: kernel.full });
    const before = await kernel.record();
    expect((await send(images, { kernel: kernel.image })).status).toBe(201);
    const after = await kernel.record();
    expect(after).toMatchObject({
      owner: { principal: 'farm' },
      revision: 1,
      parts: before.parts,
      sources: [{ by: 'farm' }, { by: 'farm' }, { by: 'farm' }],
    });
    expect(claimedParts(after)).toEqual([]);
    expect((await send(debug, { kernel: kernel.image })).status).toBe(200);
  });

  test('has its carriers brought by a signer with a token of its own, and by no other', async () => {
    const kernel = built('signer');
    const [farm, signer] = [await tokenOf('farm'), await tokenOf('signer')];
    await send(farm, { kernel: kernel.vmlinux, full: kernel.full });
    const file = { carrier: signedCarrier(kernel) };
    expect((await send(signer, file)).body).toMatchObject({ code: 'not-owner' });
    const signers = ['signer'];
    await setOwner(ingest.records, kernel.buildId, { principal: 'farm', signers });
    expect((await send(signer, file)).status).toBe(201);
    expect((await kernel.record()).carrier).toMatchObject({
      signed: true,
      given: { 'btf_vmlinux.ko': { by: 'signer', signed: true } },
    });
    const bare = { carrier: unsigned(file.carrier) };
    expect((await send(farm, bare)).body).toMatchObject({ code: 'carrier-conflict' });
    const stranger = await tokenOf('stranger');
    expect((await send(stranger, file)).body).toMatchObject({ code: 'not-owner' });
  });

  test('hands a kernel to another, which then replaces parts and core', async () => {
    const kernel = built('handed');
    const [old, heir] = [await tokenOf('old'), await tokenOf('heir')];
    await send(old, { kernel: kernel.vmlinux, full: kernel.full });
    const before = await kernel.record();
    await setOwner(ingest.records, kernel.buildId, { principal: 'heir' });
    expect(await kernel.record()).toMatchObject({ revision: 1, parts: before.parts });
    expect((await send(heir, { map: kernel.map }, kernel.of)).status).toBe(201);
    expect(await kernel.record()).toMatchObject({
      parts: { symbols: { by: 'old', origin: 'symtab' } },
    });
    const other = kernelFile({ buildId: kernel.buildId, btf: kernelBtf({ name: 'mended' }) });
    expect((await send(heir, { kernel: other })).status).toBe(201);
    expect(await kernel.record()).toMatchObject({ core: { by: 'heir' }, parts: {} });
    expect((await send(old, { kernel: kernel.vmlinux })).body.code).toBe('core-conflict');
  });

  test('withdraws its own kernel without the scope for it, and no other does', async () => {
    const kernel = built('withdrawn');
    const [farm, stranger] = [await tokenOf('farm'), await tokenOf('stranger')];
    await send(farm, { kernel: kernel.vmlinux });
    const withdraw = async (token: string) => {
      const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
      const body = JSON.stringify({ reason: 'wrong' });
      const init = { method: 'DELETE', headers, body };
      return (await fetch(`${ingest.url}${kernelPath(kernel.buildId)}`, init)).status;
    };
    expect(await withdraw(stranger)).toBe(403);
    expect(await withdraw(farm)).toBe(200);
  });
});

describe('a stranger', () => {
  test('who sends the farm’s very files first does not keep them from the farm', async () => {
    const kernel = built('known first');
    const files = { kernel: kernel.vmlinux, full: kernel.full };
    await send(await tokenOf('stranger'), files, '?distro=elsewhere');
    expect(await kernel.record()).toMatchObject({ owner: { principal: 'stranger' } });
    const farm = await tokenOf('farm', { distro: 'debian' });
    expect((await send(farm, files)).status).toBe(201);
    const taken = await kernel.record();
    expect(taken).toMatchObject({ owner: { principal: 'farm' }, distro: 'debian' });
    expect(claimedParts(taken)).toEqual([]);
    expect((await send(farm, files)).status).toBe(200);
    const audited = (await ingest.audited()).filter((entry) => entry.formerOwner === 'stranger');
    expect(audited).toMatchObject([{ owner: 'farm', buildId: kernel.buildId }]);
  });

  test('with a limited token gets nothing by files that are known already', async () => {
    const kernel = built('known, of another');
    await send(await tokenOf('ubuntu', { distro: 'ubuntu' }), { kernel: kernel.vmlinux });
    const debian = await tokenOf('debian', { distro: 'debian' });
    const { status, body } = await send(debian, { kernel: kernel.vmlinux }, '?distro=debian');
    expect([status, body.code]).toEqual([403, 'forbidden']);
  });

  test('gives a kernel addresses, and no ksyms until its owner’s symbols come', async () => {
    const kernel = built('symbols');
    const [farm, stranger] = [await tokenOf('farm'), await tokenOf('stranger')];
    await send(farm, { kernel: kernel.image, full: kernel.full });
    await send(stranger, { map: kernel.map }, kernel.of);
    // In another order the owner's variables meet symbols that are there.
    for (const full of [undefined, kernel.full]) {
      if (full) await send(farm, { full }, kernel.of);
      const told = await kernel.record();
      expect(told.parts).not.toHaveProperty('ksyms');
      expect(claimedParts(told).sort()).toEqual(['layout', 'symbols']);
    }
    const status = await fetch(`${ingest.url}${kernelPath(kernel.buildId)}/status`);
    expect(await status.json()).toMatchObject({
      report: { owner: 'farm', claimed: ['symbols', 'layout'] },
    });
    await send(farm, { map: kernel.map }, kernel.of);
    const settled = await kernel.record();
    // A map is a claim, whoever brings it.
    expect(claimedParts(settled)).toEqual(['ksyms', 'symbols']);
    expect(settled).toMatchObject({ parts: { symbols: { by: 'farm' }, ksyms: { by: 'farm' } } });
  });

  test('who sends other variables is refused, and the operator finds it in the audit log', async () => {
    const kernel = built('audited');
    const [farm, stranger] = [await tokenOf('farm'), await tokenOf('stranger')];
    await send(farm, { kernel: kernel.vmlinux, full: kernel.full });
    const before = [await kernel.record(), await ingest.left()];
    const other = Buffer.from(
      Buffer.from(kernel.full).toString('latin1').replace('safe', 'sane'),
      'latin1',
    );
    const answer = await send(stranger, { kernel: kernel.vmlinux, full: other });
    expect([answer.status, answer.body.code]).toEqual([403, 'not-owner']);
    expect([await kernel.record(), await ingest.left()]).toEqual(before);
    const refused = (await ingest.audited()).filter(({ msg }) => msg === 'refused');
    expect(refused.at(-1)).toMatchObject({ principal: 'stranger', code: 'not-owner' });
  });
});

test('of two first uploads at once, in a folder, one wins, and the other is told so', async () => {
  const tokens = [await tokenOf('one'), await tokenOf('two')];
  for (const round of ['a', 'b', 'c', 'd']) {
    const buildId = buildIdOf(`race ${round}`);
    const answers = await Promise.all(
      tokens.map((token, at) =>
        send(token, { kernel: kernelFile({ buildId, btf: kernelBtf({ name: `core${at}` }) }) }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
    const winner = answers.findIndex(({ status }) => status === 201);
    expect(await ingest.record(buildId)).toMatchObject({
      revision: 1,
      owner: { principal: ['one', 'two'][winner] },
      sources: [{ by: ['one', 'two'][winner] }],
    });
    expect(answers[1 - winner]?.body.code).toBe('core-conflict');
  }
});
