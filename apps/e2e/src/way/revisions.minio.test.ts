import { createSecretKey, openSecretKey } from '@btf-depot/depot';
import { openMinioStores, type Stores } from '@btf-depot/blob-store';
import { DepotClient, ProblemError } from '@btf-depot/client';
import {
  encodeSignature,
  manifest,
  signatureName,
  type ArtifactEntry,
  type ArtifactName,
  type KernelRecord,
} from '@btf-depot/contracts';
import { describeWithServices } from '@btf-depot/services/testing';
import { buildIdOf, collect, kernelRecord, sha256Of, someBytes } from '@btf-depot/testing';
import {
  bucketSettings,
  startProcess,
  urlOf,
  type StartedProcess,
} from '@btf-depot/testing/processes';
import { afterAll, beforeAll, expect, test } from 'vitest';

const REVISIONS = 40;
const READERS = 4;
const NAMES = ['vmlinux.btf', 'btf_vmlinux.ko.gz', 'btf_vmlinux_ksyms.ko.gz'] as const;
/** More than the service sends at once. */
const SIZE = 1.5 * 1024 * 1024;

const buildId = buildIdOf('kernel');
const kernel = `/v1/kernels/${buildId}`;
const key = openSecretKey(createSecretKey());
const encoder = new TextEncoder();

/** The same size in each revision, so that only the bytes differ. */
const bytesOf = (name: string, revision: number) => someBytes(SIZE, `${name} ${revision}`);

describeWithServices(['minio'], 'a kernel whose revision changes time and again', ({ minio }) => {
  let stores: Stores;
  let service: StartedProcess;
  let url: string;
  let revision = 0;
  /** Blobs of earlier revisions that are in the store. */
  const collected: { sha256: string }[][] = [];
  /** The revision of the second parts. */
  const statuses = new Set<number>();

  beforeAll(async () => {
    const { endpoint, accessKey, secretKey } = minio;
    const bucket = `revisions-${process.pid}`;
    stores = await openMinioStores({ endpoint, accessKey, secretKey, bucket });
    await publishNext();
    service = startProcess('apps/fetch/src/main.ts', [], {
      ...bucketSettings({ endpoint, accessKey, secretKey, bucket }),
      BTFDEPOT_PORT: '0',
      BTFDEPOT_RECORD_AGE: '0.1',
    });
    url = await urlOf(service);
  });

  afterAll(() => service.stop());

  async function put(name: string, bytes: Uint8Array) {
    const sha256 = sha256Of(bytes);
    await stores.blobs.put(sha256, bytes);
    return [name, { sha256, size: bytes.length, mediaType: 'application/gzip' }] as const;
  }

  /** As the compressor does: blobs first, then the record that names them; old ones go later. */
  async function publishNext(): Promise<void> {
    const next = revision + 1;
    const parts = await Promise.all(NAMES.map((name) => put(name, bytesOf(name, next))));
    const [, { sha256, size }] = parts[0];
    const core = { sha256, size, types: 1, origin: 'verbatim' as const };
    const of = { buildId, revision: next, delivery: 'builtin' as const, core };
    const text = encoder.encode(manifest(of, parts as [ArtifactName, ArtifactEntry][]));
    const { number } = key.publicKey;
    const signature = encodeSignature({ number, bytes: key.sign(text) }, 'test');
    const signed = [
      await put('manifest', text),
      await put(signatureName('sig', number), encoder.encode(signature)),
    ];
    const artifacts: KernelRecord['artifacts'] = Object.fromEntries([...parts, ...signed]);
    const before = await stores.records.get(buildId);
    await stores.records.put(kernelRecord({ ...of, state: 'ready', artifacts }), before?.version);
    revision = next;
    collected.push(Object.values(before?.record.artifacts ?? {}));
    const garbage = collected.length > 10 ? collected.shift() : [];
    for (const old of garbage ?? []) {
      await stores.blobs.delete(old.sha256);
    }
  }

  /**
   * The manifest, and all files that it lists, by hash.
   * @returns the revision; undefined if the next one removed it meanwhile.
   */
  async function readSet(client: DepotClient): Promise<number | undefined> {
    const first = await client.artifact(buildId, NAMES[0]);
    expect(sha256Of(first.bytes)).toBe(sha256Of(bytesOf(NAMES[0], first.manifest.revision)));
    for (const [name, { sha256, size }] of first.manifest.artifacts) {
      try {
        const bytes = Buffer.concat(await collect(client.blob({ sha256, size })));
        expect(sha256Of(bytes)).toBe(sha256Of(bytesOf(name, first.manifest.revision)));
      } catch (error) {
        if (error instanceof ProblemError && error.code === 'unknown-blob') return undefined;
        throw error;
      }
    }
    return first.manifest.revision;
  }

  /** An artifact by its name in two parts, the second only if unchanged: as `curl -C -`. */
  async function readInParts(name: string): Promise<void> {
    const half = SIZE / 2;
    const first = await fetch(`${url}${kernel}/${name}`, {
      headers: { Range: `bytes=0-${half - 1}` },
    });
    expect(first.status).toBe(206);
    const etag = first.headers.get('etag') ?? '';
    const begun = await first.bytes();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const rest = await fetch(`${url}${kernel}/${name}`, {
      headers: { Range: `bytes=${half}-`, 'If-Range': etag },
    });
    const parts = rest.status === 206 ? [begun, await rest.bytes()] : [await rest.bytes()];
    expect(rest.headers.get('etag')).toBe(`"${sha256Of(Buffer.concat(parts))}"`);
    if (rest.status === 206) expect(rest.headers.get('etag')).toBe(etag);
    statuses.add(rest.status);
  }

  test('is never read as a mix of two', { timeout: 180_000 }, async () => {
    const sets = new Set<number>();
    let isOver = false;
    const read = async (name: string) => {
      const client = new DepotClient(url, { keys: [key.publicKey] });
      let last = 0;
      while (!isOver) {
        const whole = await readSet(client);
        if (whole !== undefined) {
          // A process never goes back to an earlier revision.
          expect(whole).toBeGreaterThanOrEqual(last);
          last = whole;
          sets.add(whole);
        }
        await readInParts(name);
      }
    };
    const readers = Promise.all(
      Array.from({ length: READERS }, (_, at) => read(NAMES[at % NAMES.length] ?? NAMES[0])),
    );
    const published = (async () => {
      try {
        while (revision < REVISIONS) {
          await publishNext();
          // Sometimes long enough for a whole set, usually not.
          await new Promise((resolve) => setTimeout(resolve, revision % 10 === 0 ? 1500 : 100));
        }
      } finally {
        isOver = true;
      }
    })();
    await Promise.all([readers, published]);
    expect(sets.size).toBeGreaterThan(1);
    expect([...statuses].sort()).toEqual([200, 206]);
    expect(await readSet(new DepotClient(url, { keys: [key.publicKey] }))).toBe(REVISIONS);
  });
});
