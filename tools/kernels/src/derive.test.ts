import { expect, it } from 'vitest';
import { parseBtfSection } from './derive.ts';

it('finds .BTF, and not the sections whose names begin like it', () => {
  const listing = `
  [22] .BTF_ids          PROGBITS        ffffffff82a78042 1c78042 0010e0 00   A  0   0  1
  [21] .BTF              PROGBITS        ffffffff82600000 1800000 4780c1 00   A  0   0  1
`;
  expect(parseBtfSection(listing)).toEqual({ offset: 0x1800000, size: 0x4780c1 });
});

it('finds none if there is none', () => {
  expect(parseBtfSection('  [ 1] .text PROGBITS 0000 001000 000010 00 AX 0 0 1')).toBeUndefined();
});
