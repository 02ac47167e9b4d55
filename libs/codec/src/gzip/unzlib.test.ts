import { FormatError } from '@btf-depot/bytes';
import { deflateSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { unzlib, unzstd } from '../index.ts';

const content = Buffer.from('DW_TAG_variable '.repeat(1000));

describe.each([
  ['zlib', unzlib, deflateSync(content)],
  ['zstd', unzstd, zstdCompressSync(content)],
] as const)('%s', (name, decompress, bytes) => {
  const codeOf = (input: Uint8Array, limit = content.length): string | undefined => {
    try {
      decompress(input, { limit });
    } catch (error) {
      if (error instanceof FormatError) return error.code;
      throw error;
    }
    return undefined;
  };

  it('gives the content back, up to exactly the limit', () => {
    expect(Buffer.from(decompress(bytes, { limit: content.length }))).toEqual(content);
    expect(codeOf(bytes, content.length - 1)).toBe(`${name}-limit`);
    expect(codeOf(bytes, 0)).toBe(`${name}-limit`);
  });

  it('tells a stream that ends early from one that is broken', () => {
    expect(codeOf(bytes.subarray(0, bytes.length - 6))).toBe(`${name}-truncated`);
    expect(codeOf(new Uint8Array())).toBe(`${name}-truncated`);
    expect(codeOf(Buffer.from('not compressed at all'))).toBe(`${name}-corrupt`);
  });
});
