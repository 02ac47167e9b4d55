import { bytesSource, FormatError } from '@btf-depot/bytes';
import { readElf } from '@btf-depot/elf';
import { executable } from '@btf-depot/elf/testing';
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isLinkedCarrier, linkFor, mayCarry, readLinkRecords, type LinkRecord } from './index.ts';
import { linkRecord } from './testing/index.ts';

const data = new TextEncoder().encode('inlined calls');
const other = new TextEncoder().encode('something else');
const of = (bytes: Uint8Array) => ({
  sha256: createHash('sha256').update(bytes).digest('hex'),
  size: bytes.length,
});

function read(content: Uint8Array, section = '.BTF.inline.link'): LinkRecord[] {
  const sections = [{ name: section, bytes: content }];
  return readLinkRecords(readElf(bytesSource(executable({ sections }))));
}

const INLINE = { module: 'btf_vmlinux_inline', section: '.BTF.inline' };

describe('a link record', () => {
  const records = read(linkRecord({ module: INLINE.module, data }));

  it('is read as name, SHA-256 and size', () => {
    expect(records).toMatchObject([{ section: '.BTF.inline.link', endian: 'little' }]);
    expect(linkFor(records, '.BTF.inline')).toEqual({ module: INLINE.module, ...of(data) });
    expect(linkFor(records, '.BTF')).toBeUndefined();
  });

  it('keeps the name of its module for the bytes that match it, and leaves others alone', () => {
    expect(mayCarry(records, INLINE.module, data)).toBe(true);
    expect(mayCarry(records, INLINE.module, other)).toBe(false);
    expect(mayCarry(records, INLINE.module, undefined)).toBe(false);
    for (const name of ['btf_vmlinux', 'btf_vmlinux_inline2']) {
      expect(mayCarry(records, name, other)).toBe(true);
    }
    expect(mayCarry([], INLINE.module, undefined)).toBe(true);
  });

  it('makes one module the linked one, with these bytes in the section that it stands for', () => {
    expect(isLinkedCarrier(records, INLINE, of(data))).toBe(true);
    for (const [wrong, btf] of [
      [INLINE, of(other)],
      [INLINE, { ...of(data), size: 1 }],
      [{ ...INLINE, module: 'btf_vmlinux' }, of(data)],
      [{ ...INLINE, section: '.BTF' }, of(data)],
    ] as const) {
      expect(isLinkedCarrier(records, wrong, btf)).toBe(false);
    }
    expect(isLinkedCarrier([], INLINE, of(data))).toBe(false);
  });

  it('of the whole core is read too', () => {
    const ofCore = read(linkRecord({ module: 'btf_vmlinux', data }), '.BTF.link');
    expect(linkFor(ofCore, '.BTF')).toMatchObject({ module: 'btf_vmlinux' });
  });

  it('that was kept without having been read counts by name and hash', () => {
    for (const bits of [32, 64] as const) {
      const content = Buffer.from(linkRecord({ module: INLINE.module, data, bits })).toString(
        'hex',
      );
      const kept = [{ section: '.BTF.inline.link', content }];
      expect(mayCarry(kept, INLINE.module, data)).toBe(true);
      expect(mayCarry(kept, INLINE.module, other)).toBe(false);
    }
    expect(mayCarry([{ section: '.BTF.inline.link', content: '00' }], '', other)).toBe(true);
  });
});

describe('is refused, with its place:', () => {
  const right = linkRecord({ module: 'btf_vmlinux', data });
  const changed = (at: number, byte: number) => {
    const bytes = right.slice();
    bytes[at] = byte;
    return bytes;
  };
  it.each([
    ['one byte more', Buffer.concat([right, Buffer.alloc(1)]), 'link-size', 0],
    ['one byte less', right.subarray(1), 'link-size', 0],
    ['that of 32 bits', linkRecord({ module: 'a', data, bits: 32 }), 'link-size', 0],
    ['no name', changed(0, 0), 'link-name', 0],
    ['a name with a slash', changed(3, 0x2f), 'link-name', 0],
    ['a name without end', new Uint8Array(92).fill(0x61), 'link-name', 0],
    ['a byte behind the name', changed(55, 1), 'link-padding', 55],
  ])('%s', (_, bytes, code, offset) => {
    try {
      read(bytes, '.BTF.link');
      expect.unreachable();
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      expect([error.code, error.where]).toEqual([code, { section: '.BTF.link', offset }]);
    }
  });
});
