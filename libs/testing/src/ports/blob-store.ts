import { setTimeout as sleep } from 'node:timers/promises';
import { MAX_BLOB_SIZE, type BlobStore } from '@btf-depot/depot';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collect, sha256Of, someBytes } from '../builders.ts';
import { runElsewhere, startElsewhere, whileRunning } from './elsewhere.ts';
import { HOSTILE_NAMES } from './hostile.ts';
import type { StoresUnderTest } from './stores-under-test.ts';

/** The promises of every BlobStore. `makeStores` opens an empty store for each test. */
export function describeBlobStore(name: string, makeStores: () => Promise<StoresUnderTest>): void {
  describe(`${name} as a BlobStore`, () => {
    let stores: StoresUnderTest;
    let blobs: BlobStore;

    beforeEach(async () => {
      stores = await makeStores();
      blobs = stores.blobs;
    });
    afterEach(() => stores.dispose());

    const room = (size: number) => Buffer.allocUnsafeSlow(size);
    const unknown = sha256Of(someBytes(8, 'nobody put this'));

    it('has nothing under a hash that nobody put', async () => {
      expect(await blobs.get(unknown)).toBeUndefined();
      expect(await blobs.has(unknown)).toBe(false);
    });

    it.each([0, 1, 4096, 5 * 1024 * 1024 + 1])('gives %i bytes back as they were', async (size) => {
      const bytes = someBytes(size, 'round trip');
      const sha256 = sha256Of(bytes);
      expect(await blobs.put(sha256, bytes)).toEqual({ created: true });
      expect(await blobs.has(sha256)).toBe(true);
      expect(await read(sha256)).toBe(sha256);
      expect((await blobs.get(sha256))?.length).toBe(size);
    });

    it('streams a blob, and any part of it', async () => {
      const bytes = someBytes(3_000_000, 'streamed');
      const sha256 = sha256Of(bytes);
      await blobs.put(sha256, bytes);
      const parts = [undefined, [0, 1], [1_000_000, 2_000_001], [2_999_999, 3_000_000]] as const;
      for (const part of parts) {
        const [start, end] = part ?? [0, bytes.length];
        const found = await blobs.stream(sha256, part && { start, end });
        expect(found?.size).toBe(bytes.length);
        const chunks = await collect(found?.bytes ?? []);
        expect(sha256Of(Buffer.concat(chunks))).toBe(sha256Of(bytes.subarray(start, end)));
      }
      expect(await blobs.stream(unknown)).toBeUndefined();
    });

    it('streams nothing of an empty blob, and closes an unread stream', async () => {
      const empty = someBytes(0, 'empty');
      await blobs.put(sha256Of(empty), empty);
      const nothing = await blobs.stream(sha256Of(empty));
      expect(nothing?.size).toBe(0);
      expect(await collect(nothing?.bytes ?? [])).toEqual([]);
      const bytes = someBytes(3_000_000, 'dropped');
      await blobs.put(sha256Of(bytes), bytes);
      const dropped = await blobs.stream(sha256Of(bytes));
      dropped?.bytes.destroy();
      expect(await read(sha256Of(bytes))).toBe(sha256Of(bytes));
    });

    it.each([0, 1, 4096, 3_000_000])(
      'loads %i bytes, and tells of them as they come',
      async (size) => {
        const bytes = someBytes(size, 'loaded');
        const sha256 = sha256Of(bytes);
        await blobs.put(sha256, bytes);
        const load = await blobs.load(sha256, room);
        expect(load?.bytes.length).toBe(size);
        let told = load?.filled ?? 0;
        if (load) load.onMore = () => (told = load.filled);
        await load?.whole;
        expect(told).toBe(size);
        expect(sha256Of(load?.bytes ?? new Uint8Array(1))).toBe(sha256);
        expect(await blobs.load(unknown, room)).toBeUndefined();
      },
    );

    it('loads many blobs at one time, each into its own memory, and stops unwanted loads', async () => {
      const many = Array.from({ length: 20 }, (_, at) => someBytes(300_000 + at, `many ${at}`));
      for (const bytes of many) await blobs.put(sha256Of(bytes), bytes);
      const load = async (bytes: Uint8Array, at: number) => {
        const one = await blobs.load(sha256Of(bytes), room);
        if (at % 5 === 0) {
          one?.stop();
          return sha256Of(bytes);
        }
        await one?.whole;
        return sha256Of(one?.bytes ?? new Uint8Array());
      };
      expect(await Promise.all(many.map(load))).toEqual(many.map(sha256Of));
      for (const bytes of many.slice(0, 5)) expect(await load(bytes, 1)).toBe(sha256Of(bytes));
    });

    it('puts a view of a larger buffer, not the buffer', async () => {
      const view = someBytes(3000, 'larger').subarray(1000, 2000);
      const sha256 = sha256Of(view);
      await blobs.put(sha256, view);
      expect(await read(sha256)).toBe(sha256);
    });

    it('says of a second put that the blob was there', async () => {
      const bytes = someBytes(1000, 'twice');
      const sha256 = sha256Of(bytes);
      await blobs.put(sha256, bytes);
      expect(await blobs.put(sha256, bytes)).toEqual({ created: false });
      expect(await read(sha256)).toBe(sha256);
    });

    it('creates once when several puts run at the same time', async () => {
      const bytes = someBytes(100_000, 'at once');
      const sha256 = sha256Of(bytes);
      const puts = await Promise.all(Array.from({ length: 8 }, () => blobs.put(sha256, bytes)));
      expect(puts.filter(({ created }) => created)).toHaveLength(1);
      expect(await read(sha256)).toBe(sha256);
    });

    it('lists every blob with its size and about when it was put', async () => {
      expect(await collect(blobs.list())).toEqual([]);
      const sizes = new Map<string, number>();
      for (const size of [0, 10, 3000]) {
        const bytes = someBytes(size, 'listed');
        sizes.set(sha256Of(bytes), size);
        await blobs.put(sha256Of(bytes), bytes);
      }
      const listed = await collect(blobs.list());
      expect(new Map(listed.map(({ sha256, size }) => [sha256, size]))).toEqual(sizes);
      for (const { at } of listed) expect(Math.abs(Date.now() - at.getTime())).toBeLessThan(60_000);
    });

    it('deletes a blob, also one that is not there, and takes it again', async () => {
      const bytes = someBytes(1000, 'deleted');
      const sha256 = sha256Of(bytes);
      await blobs.put(sha256, bytes);
      await blobs.delete(sha256);
      await blobs.delete(sha256);
      expect(await blobs.get(sha256)).toBeUndefined();
      expect(await collect(blobs.list())).toEqual([]);
      expect(await blobs.put(sha256, bytes)).toEqual({ created: true });
      expect(await read(sha256)).toBe(sha256);
    });

    it('refuses more bytes than a blob may have, and keeps none of them', async () => {
      const bytes = new Uint8Array(MAX_BLOB_SIZE + 1);
      await expect(blobs.put(unknown, bytes)).rejects.toThrow(RangeError);
      expect(await blobs.has(unknown)).toBe(false);
    });

    it.each([...HOSTILE_NAMES, unknown.toUpperCase(), unknown.slice(1), `${unknown}0`])(
      'refuses %j as a hash',
      async (hash) => {
        const refusal = { code: 'bad-hash' };
        await expect(blobs.put(hash, someBytes(8, 'x'))).rejects.toMatchObject(refusal);
        await expect(blobs.get(hash)).rejects.toMatchObject(refusal);
        await expect(blobs.stream(hash)).rejects.toMatchObject(refusal);
        await expect(blobs.load(hash, room)).rejects.toMatchObject(refusal);
        await expect(blobs.has(hash)).rejects.toMatchObject(refusal);
        await expect(blobs.delete(hash)).rejects.toMatchObject(refusal);
      },
    );

    it('is reachable', async () => {
      await expect(blobs.check()).resolves.toBeUndefined();
    });

    it('of two processes that put the same blobs, one creates each, and all end whole', async () => {
      const size = 300_000;
      const seeds = Array.from({ length: 20 }, (_, index) => `shared ${String(index)}`);
      const hashes = seeds.map((seed) => sha256Of(someBytes(size, seed)));
      const race = runElsewhere(stores.elsewhere, [
        { kind: 'put-blobs', size, seeds },
        { kind: 'put-blobs', size, seeds },
      ]);
      // Meanwhile a reader finds each blob whole or not at all.
      const results = await whileRunning(race, async () => {
        for (const [index, found] of (await Promise.all(hashes.map(read))).entries()) {
          expect([undefined, hashes[index]]).toContain(found);
        }
      });
      const [one, other] = results.map(({ created }) => created) as [boolean[], boolean[]];
      expect(one.map((created) => !created)).toEqual(other);
      expect(await Promise.all(hashes.map(read))).toEqual(hashes);
    });

    it('keeps a blob whole or not at all when the writer is killed', async () => {
      const size = 8 * 1024 * 1024;
      for (const delay of [0, 10, 20, 40, 80]) {
        const seed = `killed after ${String(delay)}`;
        const bytes = someBytes(size, seed);
        const sha256 = sha256Of(bytes);
        const writer = await startElsewhere(stores.elsewhere, {
          kind: 'put-blobs',
          size,
          seeds: [seed],
        });
        const put = writer.run().catch(() => undefined);
        await sleep(delay);
        await writer.kill();
        await put;
        expect([undefined, sha256]).toContain(await read(sha256));
        // The remains do not disturb the next writer.
        await blobs.put(sha256, bytes);
        expect(await read(sha256)).toBe(sha256);
      }
    });

    /** @returns the hash of the bytes that are stored under a hash. */
    async function read(sha256: string): Promise<string | undefined> {
      const bytes = await blobs.get(sha256);
      return bytes && sha256Of(bytes);
    }
  });
}
