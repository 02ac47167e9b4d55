import { principalSchema } from '@btf-depot/contracts';
import { isMiss, type Found, type Upstream } from '@btf-depot/depot';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256Of } from '../builders.ts';

export interface UpstreamUnderTest {
  upstream: Upstream;
  /** Build ID of a kernel that it has. */
  known: string;
  dispose: () => Promise<void>;
}

/** The promises of every Upstream. `make` opens one with a kernel, for each test. */
export function describeUpstream(name: string, make: () => Promise<UpstreamUnderTest>): void {
  describe(`${name} as an Upstream`, () => {
    let under: UpstreamUnderTest;
    beforeEach(async () => {
      under = await make();
    });
    afterEach(async () => {
      await under.upstream.close?.();
      await under.dispose();
    });

    const { signal } = new AbortController();
    const offered = async (): Promise<Found> => {
      const found = await under.upstream.find(under.known, { signal, via: [] });
      if (isMiss(found)) throw new Error(`${found.reason}: ${found.detail}`);
      return found;
    };
    const files = async () => (await offered()).files;

    it('has a name that fits into a principal', () => {
      expect(principalSchema.safeParse(`upstream:${under.upstream.name}`).success).toBe(true);
    });

    it('says of an unknown build ID that it is missing', async () => {
      const found = await under.upstream.find('ab'.repeat(20), { signal, via: [] });
      expect(found).toMatchObject({ reason: 'missing' });
    });

    it('offers files of a known kernel, the best one last, or a copy of it', async () => {
      const { files, copy } = await offered();
      expect(files.length > 0).toBe(copy === undefined);
      expect(files.at(-1)?.provisional).toBeUndefined();
      if (!copy) return;
      const { core } = copy.record;
      expect(sha256Of(await copy.blob(core))).toBe(core.sha256);
    });

    it('gives each file in the size that it says', async () => {
      for (const file of await files()) {
        const opened = await file.open(0, signal);
        if (isMiss(opened)) throw new Error(opened.detail);
        expect(opened.start).toBe(0);
        const bytes = await all(opened.bytes);
        for (const size of [file.size, opened.size])
          expect([undefined, bytes.length]).toContain(size);
      }
    });

    it('continues from a byte, or begins again and says so', async () => {
      for (const file of await files()) {
        const opened = [await file.open(0, signal), await file.open(1000, signal)] as const;
        const [whole, rest] = opened;
        if (isMiss(whole) || isMiss(rest)) throw new Error('not opened');
        expect([0, 1000]).toContain(rest.start);
        const bytes = await all(whole.bytes);
        expect((await all(rest.bytes)).equals(bytes.subarray(rest.start))).toBe(true);
      }
    });

    it('stops with the reason of the signal', async () => {
      const reason = new Error('stopped');
      const ended = AbortSignal.abort(reason);
      await expect(under.upstream.find(under.known, { signal: ended, via: [] })).rejects.toBe(
        reason,
      );
    });

    it('lets a reader stop in the middle', async () => {
      for (const file of await files()) {
        const opened = await file.open(0, signal);
        if (isMiss(opened)) throw new Error(opened.detail);
        for await (const chunk of opened.bytes) {
          expect(chunk.length).toBeGreaterThan(0);
          break;
        }
      }
    });
  });
}

async function all(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
}
