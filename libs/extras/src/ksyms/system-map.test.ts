import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSystemMap, writeSystemMap } from '../index.ts';

const read = (text: string) => readSystemMap(Buffer.from(text, 'latin1'));

/** An error with this code, for `toThrow`. */
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

  it('is read whatever the symbols are that it was written of', () => {
    const name = fc.oneof(
      fc.string(),
      fc.constantFrom('.L0 ', '\n', '', 'a[b]', '\u010a', '\u00a0x'),
    );
    const symbol = fc.record({
      name: fc.oneof(name, fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_.]*$/)),
      address: fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: (1n << 64n) - 1n })),
      size: fc.oneof(fc.nat(), fc.constantFrom(2 ** 53, 2 ** 64)),
    });
    fc.assert(
      fc.property(fc.array(symbol), (symbols) => {
        const read = readSystemMap(writeSystemMap(symbols));
        const isName = ({ name: one }: { name: string }) => /^[A-Za-z_][A-Za-z0-9_.]*$/.test(one);
        const isWritten = ({ name: one }: { name: string }) =>
          /^[!-~]+$/.test(one) && !/[[\]]/.test(one);
        const has = symbols.some((one) => isWritten(one) && one.address !== 0n);
        const names = has ? symbols.filter(isName) : [];
        expect(read.filter(isName).map(({ name: one, address }) => [one, address])).toEqual(
          names.map(({ name: one, address }) => [one, address]),
        );
      }),
      { numRuns: 500, seed: 3 },
    );
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
