import {
  decodePublicKey,
  decodeSignature,
  encodePublicKey,
  manifest,
  type KernelRecord,
} from '@btf-depot/contracts';
import { kernelRecord, memoryStores, sha256Of, someBytes } from '@btf-depot/testing';
import { describe, expect, test } from 'vitest';
import { compressKernel } from '../pack/compress-kernel.ts';
import { resign } from './resign.ts';
import { createSecretKey, openSecretKey } from './secret-key.ts';
import { signManifest } from './sign-manifest.ts';

// Written by signify-openbsd 31 and usign; neither is of use for anything else.
const OF_SIGNIFY = `untrusted comment: depot secret key
RWRCSwAAAAAE9pOC/5JmngcGUtUw5cYn4ppDgSC3gN8bc/ucwDfJWBbKcTYzyKAPLvM1dR9UNnum7dY1KtRh5J5xJuVW0maDuvbEnaYMepuW6uNzZ7vJigFfNiWic8L9O1I5tHALVeM=
`;
const OF_USIGN = `untrusted comment: private key d7a50efb270ab690
RWRCSwAAAADA7s1kdEomKu9ak4j0XxqDkqoW/J77lofXpQ77Jwq2kKgm+vtFBuq+lRKmc+PZ02wuFJItDobMUxv67KSJ1dF1dG473f+qVH4vdklB1S5FObVwHYHEOjbYpXaLSKjj5wY=
`;
const text = new TextEncoder().encode(manifest({ ...kernelRecord(), revision: 3 }, []));
const old = openSecretKey(createSecretKey());
const young = openSecretKey(OF_SIGNIFY);

describe('secret keys', () => {
  test.each([
    ['of signify', OF_SIGNIFY, '1b73fb9cc037c958'],
    ['of usign', OF_USIGN, 'd7a50efb270ab690'],
  ])('%s are taken', (_of, secret, number) => {
    const { publicKey } = openSecretKey(secret);
    expect(publicKey.number).toBe(number);
    expect(decodePublicKey(encodePublicKey(publicKey))).toEqual(publicKey);
  });

  test('no two are the same', () => {
    expect(openSecretKey(createSecretKey()).publicKey).not.toEqual(old.publicKey);
  });

  const flip = (secret: string, at: number) => {
    const bytes = Buffer.from(secret.split('\n')[1], 'base64');
    bytes[at] ^= 1;
    return `untrusted comment: x\n${bytes.toString('base64')}\n`;
  };
  test.each([
    ['', /not a secret key/],
    [encodePublicKey(old.publicKey), /not a secret key/],
    [flip(OF_SIGNIFY, 0), /not a secret key/],
    [flip(OF_SIGNIFY, 7), /passphrase/],
    [flip(OF_SIGNIFY, 30), /damaged/],
    [flip(OF_SIGNIFY, 100), /damaged/],
  ])('%j is refused: %s', (secret, says) => {
    expect(() => openSecretKey(secret)).toThrow(says);
    expect(() => openSecretKey(secret)).toThrow(expect.objectContaining({ code: 'bad-key' }));
  });
});

test('every key signs under its number, the first also under the plain name; always the same', () => {
  const files = signManifest(text, [old, young]);
  const [first, second] = [old.publicKey.number, young.publicKey.number];
  expect(files.map(({ name }) => name)).toEqual([
    'manifest.sig',
    'manifest.minisig',
    `manifest.${first}.sig`,
    `manifest.${first}.minisig`,
    `manifest.${second}.sig`,
    `manifest.${second}.minisig`,
  ]);
  const decode = (at: number) => decodeSignature(new TextDecoder().decode(files[at].bytes));
  expect(decode(0)).toEqual(decode(2));
  expect(decode(4).number).toBe(second);
  expect(signManifest(text, [old, young])).toEqual(files);
});

test('usign takes nothing behind the signature', () => {
  const [file] = signManifest(text, [old]);
  expect(new TextDecoder().decode(file.bytes)).toMatch(/^untrusted comment: .*\n[\w+/]+=\n$/);
});

const entry = { sha256: sha256Of(text), size: text.length, mediaType: 'text/plain' };
const ready = kernelRecord({ state: 'ready', revision: 3, artifacts: { manifest: entry } });

async function depotOf(record: KernelRecord) {
  const stores = memoryStores();
  await stores.blobs.put(sha256Of(text), text);
  await stores.records.put(record, undefined);
  const names = async () => {
    const stored = await stores.records.get(record.buildId);
    return Object.keys(stored?.record.artifacts ?? {});
  };
  return { ...stores, names };
}

const notAsked = () => Promise.reject(new Error('not asked for'));
/** A compressor whose kernels have nothing but this manifest. */
const packing = {
  compute: {
    unpack: notAsked,
    split: notAsked,
    verify: notAsked,
    pack: () => Promise.resolve([{ name: 'manifest' as const, bytes: text, sha256: entry.sha256 }]),
  },
  clock: { now: () => new Date() },
  crashLimit: 3,
  announces: false,
};

test('a compressor signs what it publishes', async () => {
  const depot = await depotOf(kernelRecord({ revision: 3 }));
  const { core } = kernelRecord();
  await depot.blobs.put(core.sha256, someBytes(64, 'core'));
  const deps = { ...depot, ...packing, signingKeys: [young] };
  const attempt = { last: true, crashes: 0 };
  const job = { version: 1, buildId: ready.buildId, revision: 3 };
  expect(await compressKernel(deps, job, attempt, new AbortController().signal)).toBe('published');
  expect(await depot.names()).toContain(`manifest.${young.publicKey.number}.sig`);
  for (const { sha256 } of signManifest(text, [young])) expect(depot.kept.has(sha256)).toBe(true);
});

describe('the signatures of another depot', () => {
  const [plain, , named] = signManifest(text, [old]);
  const of = (manifest: string) => ({
    manifest,
    signatures: Object.fromEntries(
      [named, plain].map(({ name, sha256, bytes }) => [name, { sha256, size: bytes.length }]),
    ),
  });

  async function packed(manifest: string, keys = [young]) {
    const depot = await depotOf(kernelRecord({ revision: 3, countersigned: of(manifest) }));
    const { core } = kernelRecord();
    await depot.blobs.put(core.sha256, someBytes(64, 'core'));
    for (const { sha256, bytes } of [named, plain]) await depot.blobs.put(sha256, bytes);
    const job = { version: 1, buildId: ready.buildId, revision: 3 };
    const deps = { ...depot, ...packing, signingKeys: keys };
    await compressKernel(deps, job, { last: true, crashes: 0 }, new AbortController().signal);
    return depot;
  }

  test('are published if packing makes the manifest that they sign, and stay when resigned', async () => {
    const depot = await packed(entry.sha256);
    expect(await depot.names()).toContain(named.name);
    const artifacts = async () => (await depot.records.get(ready.buildId))?.record.artifacts ?? {};
    const [own] = signManifest(text, [young]);
    expect((await artifacts())['manifest.sig'].sha256).toBe(own.sha256);
    await resign(depot, ready.buildId, []);
    expect((await artifacts())[named.name].sha256).toBe(named.sha256);
    expect((await artifacts())[plain.name].sha256).toBe(plain.sha256);
    await resign(depot, ready.buildId, [young]);
    expect((await artifacts())['manifest.sig'].sha256).toBe(own.sha256);
    expect(await depot.names()).toContain(named.name);
  });

  test('are dropped if it makes another one', async () => {
    const depot = await packed(sha256Of(someBytes(8, 'other')));
    expect(await depot.names()).not.toContain(named.name);
    const stored = await depot.records.get(ready.buildId);
    expect(stored?.record).not.toHaveProperty('countersigned');
  });
});

describe('resign', () => {
  test('gives a kernel the signatures of these keys, and takes those of others away', async () => {
    const depot = await depotOf(ready);
    expect(await resign(depot, ready.buildId, [old])).toBe(true);
    expect(await resign(depot, ready.buildId, [old])).toBe(false);
    expect(await resign(depot, ready.buildId, [old, young])).toBe(true);
    expect(await depot.names()).toHaveLength(1 + 6);
    expect(await resign(depot, ready.buildId, [young])).toBe(true);
    expect(await depot.names()).not.toContain(`manifest.${old.publicKey.number}.sig`);
    expect(await resign(depot, ready.buildId, [])).toBe(true);
    expect(await depot.names()).toEqual(['manifest']);
    expect((await depot.records.get(ready.buildId))?.record.revision).toBe(3);
  });

  test('leaves a kernel without a manifest, and says what it does not know', async () => {
    const depot = await depotOf(kernelRecord());
    expect(await resign(depot, ready.buildId, [old])).toBe(false);
    await expect(resign(depot, 'abcdef01', [old])).rejects.toMatchObject({
      code: 'unknown-build-id',
    });
  });

  test('signs the manifest that came meanwhile', async () => {
    const depot = await depotOf(ready);
    const next = new TextEncoder().encode(manifest({ ...kernelRecord(), revision: 4 }, []));
    const get = depot.blobs.get.bind(depot.blobs);
    depot.blobs.get = async (sha256) => {
      depot.blobs.get = get;
      await depot.blobs.put(sha256Of(next), next);
      const stored = await depot.records.get(ready.buildId);
      const artifacts = { manifest: { ...entry, sha256: sha256Of(next) } };
      await depot.records.put({ ...ready, revision: 4, artifacts }, stored?.version);
      return get(sha256);
    };
    expect(await resign(depot, ready.buildId, [old])).toBe(true);
    const record = (await depot.records.get(ready.buildId))?.record;
    const [signature] = signManifest(next, [old]);
    expect(record?.artifacts['manifest.sig'].sha256).toBe(signature.sha256);
  });
});
