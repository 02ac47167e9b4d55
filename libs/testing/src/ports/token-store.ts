import type { Token } from '@btf-depot/contracts';
import type { TokenStore } from '@btf-depot/depot';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collect } from '../builders.ts';
import { HOSTILE_NAMES } from './hostile.ts';

/** The promises of every TokenStore. `makeStore` opens an empty store for each test. */
export function describeTokenStore(
  name: string,
  makeStore: () => Promise<{ tokens: TokenStore; dispose: () => Promise<void> }>,
): void {
  describe(`${name} as a TokenStore`, () => {
    let under: Awaited<ReturnType<typeof makeStore>>;
    let tokens: TokenStore;

    beforeEach(async () => {
      under = await makeStore();
      tokens = under.tokens;
    });
    afterEach(() => under.dispose());

    const token: Token = {
      schema: 1,
      id: '0123456789abcdef',
      name: 'farm',
      secretSha256: 'ab'.repeat(32),
      scopes: ['upload'],
      createdAt: '2026-01-01T00:00:00.000Z',
    };

    it('has no token that nobody put', async () => {
      expect(await tokens.get(token.id)).toBeUndefined();
      expect(await collect(tokens.list())).toEqual([]);
    });

    it('gives a token back as it was put last, fields that it does not know included', async () => {
      await tokens.put(token);
      const revoked = { ...token, revokedAt: '2026-02-01T00:00:00.000Z', later: { field: 1 } };
      await tokens.put(revoked);
      expect(await tokens.get(token.id)).toEqual(revoked);
    });

    it('lists every token once', async () => {
      const ids = ['0000000000000001', '0000000000000002', 'ffffffffffffffff'];
      for (const id of ids) await tokens.put({ ...token, id });
      expect((await collect(tokens.list())).map(({ id }) => id).sort()).toEqual(ids);
    });

    it.each(HOSTILE_NAMES)('has no token of ID %j, and takes none', async (id) => {
      expect(await tokens.get(id)).toBeUndefined();
      await expect(tokens.put({ ...token, id })).rejects.toThrow(RangeError);
    });
  });
}
