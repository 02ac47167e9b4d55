import { bytesSource } from '@btf-depot/bytes';
import { kernelBtf, kernelFile } from '@btf-depot/testing';
import { expect, test } from 'vitest';
import { recognise } from './file-kind.ts';

test('ELF and BTF are known by their first bytes, in either byte order', () => {
  expect(recognise(bytesSource(kernelFile()))).toBe('elf');
  expect(recognise(bytesSource(kernelBtf({ endian: 'little' })))).toBe('btf');
  expect(recognise(bytesSource(kernelBtf({ endian: 'big' })))).toBe('btf');
});

test.each(['', 'M', 'MZ', 'MZ\u0000\u0000 a vmlinuz', '!<arch>\n'])(
  'anything else is refused with what it begins with: %j',
  (text) => {
    expect(() => recognise(bytesSource(Buffer.from(text, 'latin1')))).toThrow(
      expect.objectContaining({ code: 'unsupported-media' }),
    );
  },
);
