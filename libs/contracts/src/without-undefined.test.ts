import { describe, expect, it } from 'vitest';
import { withoutUndefined } from './without-undefined.ts';

interface Entry {
  name: string;
  by?: string;
  load?: { vermagic: string; crc?: number };
  links?: { section: string; content?: string }[];
}

describe('withoutUndefined', () => {
  it('leaves out what is undefined, at any depth', () => {
    const load = { vermagic: '6.12', crc: undefined };
    const links = [{ section: 'a', content: undefined }];
    const entry = withoutUndefined<Entry>({ name: 'core', by: undefined, load, links });
    expect(Object.keys(entry)).toEqual(['name', 'load', 'links']);
    expect(entry).toStrictEqual({
      name: 'core',
      load: { vermagic: '6.12' },
      links: [{ section: 'a' }],
    });
  });

  it('keeps null, false, 0, the empty string and the order of properties', () => {
    const value = { d: null, c: false, b: 0, a: '' };
    expect(JSON.stringify(withoutUndefined<typeof value>(value))).toBe(JSON.stringify(value));
  });

  it('takes undefined for what may be absent, and no other name', () => {
    // @ts-expect-error: a name is needed.
    withoutUndefined<Entry>({ name: undefined });
    // @ts-expect-error: nothing is called so.
    withoutUndefined<Entry>({ name: 'core', buy: 'x' });
    expect(withoutUndefined<Entry>({ name: 'core' })).toEqual({ name: 'core' });
  });
});
