import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSystemMap, writeSystemMap } from './index.ts';

const read = (text: string) => readSystemMap(Buffer.from(text, 'latin1'));

/** What an error of this code looks like to `toThrow`. */
const withCode = (code: unknown): unknown => expect.objectContaining({ code });

describe('a System.map', () => {
  it('is read as nm writes it, with sizes or without, of 64 bits or 32', () => {
    const symbols = read(
      'ffffffff81000000 T _text\nffffffff82000000 0000000000000010 d counter\nc0008000 b small\n',
    );
    expect(symbols).toEqual([
      { name: '_text', address: 0xffffffff81000000n, size: 0 },
      { name: 'counter', address: 0xffffffff82000000n, size: 16 },
      { name: 'small', address: 0xc0008000n, size: 0 },
    ]);
  });

  it('is read as kallsyms too, without what modules have', () => {
    const text =
      'ffffffff81000000 T _text\nffffffffc0000000 d mine\t[loop]\nffffffffc0001000 t p\t[bpf]';
    expect(read(text).map(({ name }) => name)).toEqual(['_text']);
  });

  it('is the same after it was written', () => {
    const symbols = read('ffffffff81000000 T _text\nffffffff82000000 0000000000000010 D counter\n');
    expect(readSystemMap(writeSystemMap(symbols))).toEqual(symbols);
  });

  it('has no undefined symbol', () => {
    expect(read('00000000 U elsewhere\n')).toEqual([]);
  });

  it.each([
    ['a line that is none', 'ffffffff81000000 T _text\nhello\n', 'symbols-line'],
    ['an empty line', 'ffffffff81000000 T _text\n\n', 'symbols-line'],
    ['a name with a control character', 'ffffffff81000000 T a\x01b c\n', 'symbols-line'],
    [
      'addresses that the kernel hides',
      '0000000000000000 T a\n0000000000000000 D b\n',
      'symbols-hidden',
    ],
  ])('is refused with %s', (_, text, code) => {
    expect(() => read(text)).toThrow(withCode(code));
  });

  it('is refused with more symbols than the limit', () => {
    const text = Buffer.from('ffffffff81000000 T a\n'.repeat(3));
    expect(() => readSystemMap(text, { symbols: 2 })).toThrow(withCode('symbols-limit'));
  });

  it('gives symbols or a FormatError for any bytes', () => {
    const line = fc.stringMatching(/^[0-9a-f]{8,16} [A-Za-z?] \S{0,6}$/);
    const text = fc.array(fc.oneof(line, fc.string()), { maxLength: 8 });
    fc.assert(
      fc.property(text, (lines) => {
        try {
          read(lines.join('\n'));
        } catch (error) {
          expect(error).toEqual(withCode(expect.stringMatching(/^symbols-/)));
        }
      }),
      { numRuns: 1000, seed: 6 },
    );
  });
});
