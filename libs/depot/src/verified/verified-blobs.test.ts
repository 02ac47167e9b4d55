import type { Readable } from 'node:stream';
import { collect, memoryStores, sha256Of, someBytes } from '@btf-depot/testing';
import { describe, expect, test } from 'vitest';
import { VERIFIED_FIRST } from '../ports/blob-store.ts';
import { WITHHELD } from './verified-stream.ts';

const SIZES = [0, 1, 100_000, VERIFIED_FIRST, VERIFIED_FIRST + 1, VERIFIED_FIRST + 3_000_000];
const room = (size: number) => Buffer.allocUnsafeSlow(size);

/** Other bytes that may lie under the hash of these. */
const DAMAGE: Record<string, (bytes: Uint8Array) => Uint8Array> = {
  'a flipped first bit': (bytes) => bytes.with(0, (bytes[0] ?? 0) ^ 1),
  'a flipped last bit': (bytes) => bytes.with(-1, (bytes.at(-1) ?? 0) ^ 128),
  'another blob of this length': ({ length }) => someBytes(length, 'another'),
  'a byte less': (bytes) => bytes.subarray(0, -1),
  'half of it': (bytes) => bytes.subarray(0, bytes.length / 2),
  nothing: () => new Uint8Array(),
  'a byte more': (bytes) => Buffer.concat([bytes, bytes.subarray(0, 1)]),
};

async function stored(size: number) {
  const { blobs, kept } = memoryStores();
  const bytes = someBytes(size, 'blob');
  const sha256 = sha256Of(bytes);
  await blobs.put(sha256, bytes);
  return { blobs, kept, bytes, sha256, noted: () => collect(blobs.damage.list()) };
}

/** All that comes, and how it ended. */
async function readAll(stream: Readable | undefined): Promise<{ bytes: Buffer; ended: unknown }> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of stream ?? []) chunks.push(chunk as Uint8Array);
    return { bytes: Buffer.concat(chunks), ended: undefined };
  } catch (error) {
    return { bytes: Buffer.concat(chunks), ended: error };
  }
}

test.each(SIZES)('a sound blob of %i bytes comes by every way', async (size) => {
  const { blobs, bytes, sha256, noted } = await stored(size);
  expect(sha256Of((await blobs.get(sha256)) ?? room(1))).toBe(sha256);
  expect(sha256Of((await readAll((await blobs.stream(sha256))?.bytes)).bytes)).toBe(sha256);
  const load = await blobs.load(sha256, room);
  await load?.whole;
  expect(load?.filled).toBe(size);
  expect(sha256Of(load?.bytes ?? room(1))).toBe(sha256);
  if (size > 0) {
    const range = { start: Math.floor(size / 3), end: size };
    const part = await readAll((await blobs.stream(sha256, range))?.bytes);
    expect(sha256Of(part.bytes)).toBe(sha256Of(bytes.subarray(range.start)));
  }
  expect(await noted()).toEqual([]);
});

describe.each([1000, VERIFIED_FIRST + 1_000_000])('of %i bytes', (size) => {
  test.each(Object.keys(DAMAGE))('%s is never given for the blob', async (name) => {
    const { blobs, kept, bytes, sha256, noted } = await stored(size);
    const damaged = { code: 'damaged-blob' };
    const now = DAMAGE[name]?.(bytes) ?? bytes;
    kept.set(sha256, { bytes: now, at: new Date() });

    await expect(blobs.get(sha256)).rejects.toMatchObject(damaged);
    expect(await noted()).toEqual([sha256]);

    const load = await blobs.load(sha256, room);
    await expect(load?.whole).rejects.toMatchObject(damaged);
    expect(load?.filled).toBe(now.length > VERIFIED_FIRST ? now.length - WITHHELD : 0);

    await expect(blobs.stream(sha256, { start: 0, end: 1 })).rejects.toMatchObject(damaged);
    if (now.length > VERIFIED_FIRST) {
      const flowed = await readAll((await blobs.stream(sha256))?.bytes);
      expect(flowed.ended).toMatchObject(damaged);
      expect(flowed.bytes.length).toBe(now.length - WITHHELD);
    } else {
      await expect(blobs.stream(sha256)).rejects.toMatchObject(damaged);
    }

    await blobs.replace(sha256, bytes);
    expect(sha256Of((await blobs.get(sha256)) ?? room(1))).toBe(sha256);
  });
});

test('bytes that change between two reads of one answer are noticed', async () => {
  const { blobs, kept, bytes, sha256 } = await stored(200_000);
  const part = blobs.stream(sha256, { start: 0, end: 100_000 });
  const opened = await part;
  const whole = await blobs.stream(sha256);
  opened?.bytes.destroy();
  whole?.bytes.destroy();
  // The store gives other bytes from the second read on.
  let reads = 0;
  const set = kept.get.bind(kept);
  kept.get = (key) => {
    const found = set(key);
    return found && ++reads > 1 ? { ...found, bytes: bytes.with(5, 1 ^ (bytes[5] ?? 0)) } : found;
  };
  for (const range of [undefined, { start: 0, end: 100_000 }]) {
    reads = 0;
    const { ended } = await readAll((await blobs.stream(sha256, range))?.bytes);
    expect(ended).toMatchObject({ code: 'damaged-blob' });
  }
});

test('a blob that is not there is no damage', async () => {
  const { blobs, noted } = await stored(1);
  const other = sha256Of(someBytes(5, 'other'));
  expect(await blobs.get(other)).toBeUndefined();
  expect(await blobs.stream(other)).toBeUndefined();
  expect(await blobs.load(other, room)).toBeUndefined();
  expect(await noted()).toEqual([]);
});

test('nothing is written over for bytes of another hash', async () => {
  const { blobs, bytes, sha256 } = await stored(1000);
  await expect(blobs.replace(sha256, bytes.subarray(1))).rejects.toThrow(RangeError);
  expect(await blobs.get(sha256)).toEqual(bytes);
});

test('a note that cannot be written hides no damage', async () => {
  const { blobs, kept, sha256 } = await stored(1000);
  kept.set(sha256, { bytes: new Uint8Array(3), at: new Date() });
  blobs.damage.add = () => Promise.reject(new Error('full'));
  await expect(blobs.get(sha256)).rejects.toMatchObject({ code: 'damaged-blob' });
});

test('large blobs are hashed in turns', async () => {
  const { blobs, sha256 } = await stored(VERIFIED_FIRST * 2);
  let turns = 0;
  const turn = () => {
    turns++;
    next = setImmediate(turn);
  };
  let next = setImmediate(turn);
  await blobs.get(sha256);
  clearImmediate(next);
  expect(turns).toBeGreaterThan(10);
});
