import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import {
  encodeSignature,
  manifest,
  problem,
  signatureName,
  type KernelRecord,
  type PublicKey,
} from '@btf-depot/contracts';
import { buildIdOf, kernelRecord, sha256Of, someBytes } from '@btf-depot/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DepotClient } from './depot-client.ts';

/** The server's answers by path: an attacker in between chooses them. */
const sent = new Map<string, Uint8Array>();
/** Told the request when it is too late to change its answer. */
let onAsked: (path: string) => void;
let server: Server;
let url: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    const body = sent.get(request.url ?? '');
    onAsked(request.url ?? '');
    if (!body) response.statusCode = 404;
    response.end(body ?? JSON.stringify(problem('unknown-blob', request.url ?? '')));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => server.close());
beforeEach(() => {
  sent.clear();
  onAsked = () => undefined;
});

interface Signer {
  publicKey: PublicKey;
  secret: KeyObject;
}

function signer(number: string): Signer {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const { x = '' } = publicKey.export({ format: 'jwk' });
  const bytes = new Uint8Array(Buffer.from(x, 'base64url'));
  return { publicKey: { number, bytes }, secret: privateKey };
}

const ours = signer('0000000000000001');
const next = signer('0000000000000002');
const stranger = signer('0000000000000001');
const NAME = 'btf_vmlinux.ko.gz';
const buildId = buildIdOf('kernel');
const genuine = someBytes(5000, 'genuine');
const encoder = new TextEncoder();

interface Served {
  of?: string;
  revision?: number;
  artifact?: Uint8Array;
  signers?: Signer[];
  record?: Partial<KernelRecord>;
}

/** A blob of the server, under its hash. */
function blob(bytes: Uint8Array) {
  const sha256 = sha256Of(bytes);
  sent.set(`/v1/blobs/sha256/${sha256}`, bytes);
  return { sha256, size: bytes.length, mediaType: 'application/octet-stream' };
}

/** Serves under `buildId` the depot's files of the kernel `of`. */
function serve(served: Served = {}): void {
  const { of = buildId, revision = 1, artifact = genuine, signers = [ours] } = served;
  const entry = blob(artifact);
  const core = { sha256: 'c'.repeat(64) };
  const kernel = { buildId: of, revision, delivery: 'builtin' as const, core };
  const text = encoder.encode(manifest(kernel, [[NAME, entry]]));
  const signatures = signers.map(({ publicKey: { number }, secret }) => {
    const bytes = new Uint8Array(sign(null, text, secret));
    const file = encoder.encode(encodeSignature({ number, bytes }, 'x'));
    return [signatureName('sig', number), blob(file)] as const;
  });
  const artifacts = {
    [NAME]: entry,
    manifest: blob(text),
    SHA256SUMS: entry,
    ...Object.fromEntries(signatures),
    ...served.record?.artifacts,
  };
  const record = { ...kernelRecord({ buildId, revision, state: 'ready' }), artifacts };
  sent.set(`/v1/kernels/${buildId}/record.json`, encoder.encode(JSON.stringify(record)));
}

const client = (...signers: Signer[]) =>
  new DepotClient(url, {
    patience: { rounds: 1, pauseMs: 1 },
    keys: signers.map(({ publicKey }) => publicKey),
  });

test('what one of the keys signed is taken, old key or new', async () => {
  serve({ signers: [ours, next] });
  for (const keys of [[ours], [next], [next, ours], []]) {
    const { bytes, manifest } = await client(...keys).artifact(buildId, NAME);
    expect(bytes).toEqual(genuine);
    expect(manifest).toMatchObject({ buildId, revision: 1 });
  }
});

describe('is noticed:', () => {
  const refused = async (code: string, name = NAME, leastRevision = 1, keys = [ours]) => {
    const asking = client(...keys).artifact(buildId, name, { leastRevision });
    await expect(asking).rejects.toMatchObject({ code });
  };

  test('an artifact with other bytes', async () => {
    serve();
    sent.set(`/v1/blobs/sha256/${sha256Of(genuine)}`, someBytes(5000, 'swapped'));
    await refused('digest-mismatch');
    await refused('digest-mismatch', NAME, 1, []);
  });

  test('a record that names other bytes than the manifest', async () => {
    serve({ record: { artifacts: { [NAME]: blob(someBytes(5000, 'swapped')) } } });
    const { entry, bytes } = await client(ours).artifact(buildId, NAME);
    expect(entry.sha256).toBe(sha256Of(genuine));
    expect(bytes).toEqual(genuine);
  });

  test('a manifest that was changed, and one of somebody else', async () => {
    serve({ artifact: someBytes(5000, 'swapped'), signers: [stranger] });
    await refused('bad-signature');
    serve({ signers: [] });
    await refused('not-signed');
    serve({ signers: [next] });
    await refused('not-signed');
  });

  test("another kernel's manifest with a valid signature", async () => {
    serve({ of: buildIdOf('other kernel') });
    await refused('foreign-manifest');
    await refused('foreign-manifest', NAME, 1, []);
  });

  test('an old revision, if the new one is known', async () => {
    serve({ revision: 2 });
    await refused('old-revision', NAME, 3);
    expect((await client(ours).artifact(buildId, NAME, { leastRevision: 2 })).bytes).toEqual(
      genuine,
    );
  });

  test('an artifact that the manifest does not list', async () => {
    serve();
    await refused('not-in-manifest', 'SHA256SUMS');
    expect((await client().artifact(buildId, 'SHA256SUMS')).bytes).toEqual(genuine);
  });

  test('an invalid manifest, and an invalid signature', async () => {
    serve({ record: { artifacts: { manifest: blob(encoder.encode('manifest\n')) } } });
    await refused('bad-manifest', NAME, 1, []);
    const name = signatureName('sig', ours.publicKey.number);
    serve({ record: { artifacts: { [name]: blob(encoder.encode('signature\n')) } } });
    await refused('bad-signature');
  });

  test('impossible sizes', async () => {
    const huge = { ...blob(genuine), size: 2 ** 40 };
    serve({ record: { artifacts: { manifest: huge } } });
    await refused('too-large');
  });
});

test('a new revision during a read: everything is of the new one, nothing is mixed', async () => {
  serve({ revision: 1 });
  const changed = someBytes(6000, 'next revision');
  const gone = `/v1/blobs/sha256/${sha256Of(genuine)}`;
  sent.delete(gone);
  onAsked = (path) => {
    if (path === gone) serve({ revision: 2, artifact: changed });
  };
  const { bytes, entry, manifest } = await client(ours).artifact(buildId, NAME);
  expect(bytes).toEqual(changed);
  expect([entry.sha256, manifest.revision]).toEqual([sha256Of(changed), 2]);
});

test('a missing blob of a current revision is reported', async () => {
  serve();
  sent.delete(`/v1/blobs/sha256/${sha256Of(genuine)}`);
  const asking = client(ours).artifact(buildId, NAME);
  await expect(asking).rejects.toMatchObject({ code: 'unknown-blob' });
});

test('manifest and signature can be downloaded themselves', async () => {
  serve();
  const name = signatureName('sig', ours.publicKey.number);
  for (const one of ['manifest', name]) await client(ours).artifact(buildId, one);
});
