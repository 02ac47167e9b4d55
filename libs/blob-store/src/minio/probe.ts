import { randomUUID } from 'node:crypto';
import { StoreFull, UnfitStore } from '../errors.ts';
import { PROBES } from '../layout.ts';
import type { Bucket } from './bucket.ts';

/**
 * Writers of one key at the same moment, in each race. A server that looks and then writes passes
 * most races: VersityGW 1.7.0 broke 14 of 100 between two writers.
 */
const RACES: readonly number[] = [8, ...Array.from({ length: 10 }, () => 2)];

/**
 * Tests on keys of its own the promises that records need. A server that ignores conditions answers
 * every write with success, and loses acknowledged ones. A full server takes nothing and loses
 * nothing: it is not tested, and readiness says that it is full.
 *
 * @throws UnfitStore with the broken promise; StoreUnavailable if the server does not answer, or
 *   does not know conditions.
 */
export async function probe(bucket: Bucket): Promise<void> {
  const key = `${PROBES}/${randomUUID()}`;
  const raced = `${key}-raced`;
  try {
    await probeOne(bucket, key);
    for (const writers of RACES) await probeRaces(bucket, raced, writers);
  } catch (error) {
    if (!(error instanceof StoreFull)) throw error;
  } finally {
    // A key that cannot be deleted harms nobody.
    await Promise.allSettled([bucket.delete(key), bucket.delete(raced)]);
  }
}

async function probeOne(bucket: Bucket, key: string): Promise<void> {
  const first = await bucket.put(key, bytesOf('first'), { 'If-None-Match': '*' });
  holds(first !== undefined, 'it does not create a new object (If-None-Match: *)');
  const again = await bucket.put(key, bytesOf('again'), { 'If-None-Match': '*' });
  holds(again === undefined, 'it creates an object that exists already (If-None-Match: *)');
  const wrong = await bucket.put(key, bytesOf('wrong'), { 'If-Match': `"${'0'.repeat(32)}"` });
  holds(wrong === undefined, 'it replaces an object with another ETag (If-Match)');
  const second = await bucket.put(key, bytesOf('second'), { 'If-Match': `"${first}"` });
  holds(second !== undefined, 'it does not replace an object with the same ETag (If-Match)');
  const read = await bucket.get(key);
  holds(
    read !== undefined && Buffer.from(read.bytes).toString() === 'second' && read.etag === second,
    'it does not read an object that was just written',
  );
  const listed = [];
  for await (const one of bucket.list(key)) listed.push(one);
  holds(
    listed.length === 1 && listed[0]?.etag === second,
    'it does not list an object that was just written',
  );
}

/** Leaves no object if the promises hold. A server may refuse all writers of one moment. */
async function probeRaces(bucket: Bucket, key: string, writers: number): Promise<void> {
  const created = await race(bucket, key, writers, { 'If-None-Match': '*' });
  holds(
    created <= 1,
    `${created} of ${writers} writers that created one object were told that they succeeded`,
  );
  const etag = (await bucket.get(key))?.etag ?? '';
  const replaced = await race(bucket, key, writers, { 'If-Match': `"${etag}"` });
  holds(
    replaced <= 1,
    `${replaced} of ${writers} writers that replaced one version of an object were told that they succeeded`,
  );
  await bucket.delete(key);
}

/** @returns how many writers were told that they succeeded. */
async function race(
  bucket: Bucket,
  key: string,
  count: number,
  condition: { 'If-None-Match': '*' } | { 'If-Match': string },
): Promise<number> {
  const writers = Array.from({ length: count }, (_, writer) =>
    bucket.put(key, bytesOf(`${writer} ${JSON.stringify(condition)}`), condition),
  );
  return (await Promise.all(writers)).filter((etag) => etag !== undefined).length;
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function holds(promise: boolean, otherwise: string): void {
  if (promise) return;
  throw new UnfitStore(
    `this S3 server breaks a promise that records need: ${otherwise}; if two services write one ` +
      'record, an acknowledged upload would be lost',
  );
}
