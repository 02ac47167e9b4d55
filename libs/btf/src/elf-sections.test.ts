import { FormatError } from '@btf-depot/bytes';
import { writeRelocatable } from '@btf-depot/elf';
import { describe, expect, it } from 'vitest';
import { addInt, BtfBuilder, findBtf } from './index.ts';

const b = new BtfBuilder();
addInt(b, 'int', 4);
const bytes = b.finish();
const elf = (sections: { name: string; bytes: Uint8Array }[]) =>
  writeRelocatable({ class: 64, endian: 'little', machine: 62, sections });

describe('the BTFs of a file', () => {
  it('are the file itself if it is raw', () => {
    expect(findBtf(bytes)).toEqual([{ name: '.BTF', bytes }]);
  });

  it('are the BTF sections of an ELF file, .BTF.ext left out', () => {
    const file = elf([
      { name: '.BTF', bytes },
      { name: '.BTF.ext', bytes },
      { name: '.BTF.vars', bytes },
      { name: '.BTF.inline.link', bytes: Buffer.from('not BTF') },
      { name: '.text', bytes },
    ]);
    expect(findBtf(file).map(({ name }) => name)).toEqual(['.BTF', '.BTF.vars']);
  });

  it('must exist', () => {
    expect(() => findBtf(elf([]))).toThrow(expect.objectContaining({ code: 'btf-none' }));
    expect(() => findBtf(Buffer.from('#!/bin/sh'))).toThrow(FormatError);
  });
});
