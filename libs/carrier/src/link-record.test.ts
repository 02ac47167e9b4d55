import { bytesSource, ByteWriter } from '@btf-depot/bytes';
import { readElf } from '@btf-depot/elf';
import { executable } from '@btf-depot/elf/testing';
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isLinkedCarrier, mayCarry, readLinkRecords, type LinkRecord } from './index.ts';

const data = new TextEncoder().encode('inlined calls');
const other = new TextEncoder().encode('something else');

/** Name, size and SHA-256, in the two orders and widths that a struct of them could have. */
const LAYOUTS: readonly (readonly [string, (name: string) => Uint8Array])[] = [
  ['name, u64, hash', (name) => record(name, 8, 'name-first')],
  ['u32, hash, name', (name) => record(name, 4, 'name-last')],
];

function record(name: string, width: 4 | 8, order: 'name-first' | 'name-last'): Uint8Array {
  const out = new ByteWriter('little');
  const text = Buffer.alloc(64);
  text.write(name, 'latin1');
  if (order === 'name-first') out.bytes(text);
  if (width === 8) out.u64(data.length);
  else out.u32(data.length);
  out.bytes(createHash('sha256').update(data).digest());
  if (order === 'name-last') out.bytes(text);
  return out.finish();
}

function linked(content: Uint8Array, section = '.BTF.inline.link'): LinkRecord[] {
  const sections = [{ name: section, bytes: content }];
  return readLinkRecords(readElf(bytesSource(executable({ sections }))));
}

describe.each(LAYOUTS)('a link record of %s', (_, make) => {
  it.each(['btf_vmlinux_inline', 'btf_vmlinux_inline.ko', 'btf-vmlinux-inline.ko'])(
    'that names %s keeps this name for the bytes that match it',
    (name) => {
      const records = linked(make(name));
      expect(mayCarry(records, 'btf_vmlinux_inline', data)).toBe(true);
      expect(mayCarry(records, 'btf_vmlinux_inline', other)).toBe(false);
      expect(mayCarry(records, 'btf_vmlinux_inline', undefined)).toBe(false);
    },
  );

  it('makes the module the linked one with these bytes, and no other', () => {
    const records = linked(make('btf_vmlinux_inline'));
    const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
    expect(isLinkedCarrier(records, 'btf_vmlinux_inline', sha256(data))).toBe(true);
    expect(isLinkedCarrier(records, 'btf_vmlinux_inline', sha256(other))).toBe(false);
    expect(isLinkedCarrier(records, 'btf_vmlinux', sha256(data))).toBe(false);
    expect(isLinkedCarrier([], 'btf_vmlinux_inline', sha256(data))).toBe(false);
  });

  it('leaves other names alone, those that begin like it too', () => {
    const records = linked(make('btf_vmlinux_inline'));
    expect(mayCarry(records, 'btf_vmlinux', other)).toBe(true);
    expect(mayCarry(linked(make('btf_vmlinux')), 'btf_vmlinux_inline', other)).toBe(true);
  });
});

it('is found only in sections of that name, and where it is no longer than one can be', () => {
  expect(linked(record('btf_vmlinux', 8, 'name-first'), '.BTF.inline')).toEqual([]);
  expect(linked(new Uint8Array(5000))).toEqual([]);
  expect(linked(new Uint8Array(10))).toEqual([
    { section: '.BTF.inline.link', content: '00'.repeat(10) },
  ]);
});

it('without any, every name is free', () => {
  expect(mayCarry([], 'btf_vmlinux_inline', undefined)).toBe(true);
});
