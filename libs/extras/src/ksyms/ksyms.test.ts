import { bytesSource } from '@btf-depot/bytes';
import {
  addArray,
  addComposite,
  addDeclTag,
  addForward,
  addInt,
  addPointer,
  addSection,
  addVariable,
  BtfBuilder,
  Kind,
  parseBtf,
  verifyBtf,
} from '@btf-depot/btf';
import { readElf, SectionIndex, SymbolType } from '@btf-depot/elf';
import { executable, type ExecutableSymbol } from '@btf-depot/elf/testing';
import { describe, expect, it } from 'vitest';
import {
  decodeLayout,
  elfImage,
  encodeLayout,
  ksyms,
  listVariables,
  readSystemMap,
  writeSystemMap,
} from '../index.ts';

const coreBuilder = new BtfBuilder();
const int = addInt(coreBuilder, 'int', 4, 1);
const core = parseBtf(coreBuilder.finish());

const DATA = 0xffffffff82000000n;

interface Case {
  readonly name: string;
  readonly linkage?: number;
  /** Default int. */
  readonly type?: 'forward' | 'pair';
  readonly section?: string;
}

/** One variable in each four bytes of `.data`, unless another section is named. */
function varsOf(cases: readonly Case[]) {
  const b = new BtfBuilder({ base: core });
  const pair = addComposite(b, Kind.STRUCT, 'pair', 4, [{ name: 'a', type: int, bitOffset: 0 }]);
  addPointer(b, addArray(b, int, int, 7));
  const types = { pair, forward: addForward(b, 'gone', false) };
  const bySection = new Map<string, { type: number; offset: number; size: number }[]>();
  cases.forEach(({ name, linkage = 1, type, section = '.data' }, index) => {
    const id = addVariable(b, name, type ? types[type] : int, linkage);
    const entries = bySection.get(section) ?? [];
    bySection.set(section, [...entries, { type: id, offset: index * 4, size: 4 }]);
  });
  for (const [section, entries] of bySection) addSection(b, section, cases.length * 4, entries);
  addVariable(b, 'nowhere', int, 0);
  return parseBtf(b.finish(), { base: core });
}

const bytes = new Uint8Array(256);

/** The minimum of x86's linker script: no variable is lost, and the image has the variables. */
const MARKERS: readonly ExecutableSymbol[] = [
  ['_text', DATA - 0x1000n],
  ['__init_begin', DATA - 0x100n],
  ['__init_end', DATA - 0xf0n],
  ['__smp_locks', DATA - 0x100n],
  ['__smp_locks_end', DATA - 0x100n],
  ['_end', DATA + 256n],
].map(([name, value]) => ({ name: String(name), value: BigInt(value), type: SymbolType.NOTYPE }));

/** With the markers that `own` lacks. */
function withMarkers(own: readonly ExecutableSymbol[]): ExecutableSymbol[] {
  return [...MARKERS.filter(({ name }) => !own.some((one) => one.name === name)), ...own];
}

function imageOf(own?: readonly ExecutableSymbol[]) {
  const symbols = own && withMarkers(own);
  const sections = [
    { name: '.data', address: DATA, bytes },
    { name: '.data..percpu', bytes },
    { name: '.comment', flags: 0, bytes },
  ];
  return elfImage(readElf(bytesSource(executable({ sections, symbols }))));
}

function symbolsFor(cases: readonly Case[]): ExecutableSymbol[] {
  return cases.map(({ name }, index) => ({ name, value: DATA + BigInt(index * 4), size: 4 }));
}

/**
 * Names of these variables that are accepted, in a kernel with a symbol for each and these symbols
 * too.
 */
function taken(cases: readonly Case[], more: readonly ExecutableSymbol[] = []) {
  const vars = varsOf(cases);
  const result = ksyms(vars, imageOf([...symbolsFor(cases), ...more]));
  if (!result) throw new Error('no symbol table');
  const { leftOut } = result;
  const btf = parseBtf(result.ksyms.bytes, { base: core });
  return { names: listVariables(btf).map(({ name }) => name), leftOut, result, btf };
}

/** Enough variables to allow one that disagrees with its symbol. */
const many: Case[] = Array.from({ length: 60 }, (_, index) => ({ name: `v${index}` }));

const plain: Case[] = [{ name: 'jiffies' }, { name: 'verbose', linkage: 0 }, { name: 'tasks' }];

describe('a variable is given to a running kernel', () => {
  it('where its name is one symbol at its own address', () => {
    const { names, leftOut } = taken(plain);
    expect(names).toEqual(['jiffies', 'verbose', 'tasks']);
    expect(leftOut).toEqual({ 'no-place': 1 });
  });

  it.each<[string, ExecutableSymbol]>([
    ['a variable', { name: 'verbose', value: DATA + 100n }],
    ['a function', { name: 'verbose', value: 1n, type: SymbolType.FUNC }],
    ['an absolute symbol', { name: 'verbose', value: 1n, section: SectionIndex.ABS }],
    ['the same address', { name: 'verbose', value: DATA + 4n }],
  ])('not where the name is a second time: %s', (_, symbol) => {
    const { names, leftOut } = taken(plain, [symbol]);
    expect(names).toEqual(['jiffies', 'tasks']);
    expect(leftOut).toMatchObject({ 'ambiguous-name': 1 });
  });

  it('not where its place has a symbol of another name, which is said', () => {
    const places = ({ name }: ExecutableSymbol) => name !== 'verbose' && name !== 'tasks';
    const vars = varsOf([...plain, ...many]);
    const image = imageOf([
      ...symbolsFor([...plain, ...many]).filter(places),
      // Copies that objcopy renamed; another `tasks` is elsewhere.
      { name: 'some_alias', value: DATA + 4n, type: SymbolType.NOTYPE },
      { name: '__pi_verbose', value: DATA + 4n, size: 4 },
      { name: '__kvm_nvhe_tasks', value: DATA + 8n, size: 4 },
      { name: 'tasks', value: DATA + 100n, size: 4 },
    ]);
    const { leftOut = {}, layout } = ksyms(vars, image) ?? {};
    expect(leftOut).toMatchObject({ 'no-symbol': 1, 'other-symbol': 1 });
    if (!layout) throw new Error('no layout');
    const opened = decodeLayout(encodeLayout(layout));
    const at = (offset: number) => opened.symbolAt('.data', offset);
    expect([at(0), at(4), at(8)]).toEqual([undefined, '__pi_verbose', '__kvm_nvhe_tasks']);
    expect(opened.reasonOf('.data', 8)).toBe('other-symbol');
    // As earlier versions wrote it, and for names that objects have anyway.
    const old = decodeLayout(Buffer.from('{"sections":{},"leftOut":{}}'));
    expect([old.symbolAt('.data', 4), opened.symbolAt('toString', 4)]).toEqual([
      undefined,
      undefined,
    ]);
  });

  it('even if files and sections have its name, and other types need it', () => {
    const { names } = taken(plain, [
      { name: 'verbose', value: 0n, type: SymbolType.FILE },
      { name: 'verbose', value: DATA, type: SymbolType.SECTION },
      { name: 'verbose', value: 0n, section: SectionIndex.UNDEF },
    ]);
    expect(names).toContain('verbose');
  });

  it.each([
    ['__init_begin', '__init_end'],
    ['__start_bss_decrypted_unused', '__end_bss_decrypted'],
    ['init_pg_dir', 'init_pg_end'],
    ['__hyp_bss_start', '__hyp_bss_end'],
  ])('not in memory that the kernel drops: %s', (start, end) => {
    // From the last byte of one variable to the first byte of the next but one.
    const { names, leftOut } = taken(plain, [
      { name: start, value: DATA + 3n, type: SymbolType.NOTYPE },
      { name: end, value: DATA + 8n, type: SymbolType.NOTYPE },
    ]);
    expect(names).toEqual(['tasks']);
    expect(leftOut).toMatchObject({ 'lost-memory': 2 });
  });

  it.each(['.init.data', '.exit.data', '.meminit.data', '.init.rodata'])(
    'not in a section that is freed, whatever the symbols say of ranges: %s',
    (section) => {
      const cases: Case[] = [...plain, { name: 'freed', section }];
      const symbols = withMarkers(symbolsFor(cases)).map(({ name, value }) => ({
        name,
        address: value,
        size: 0,
      }));
      const { ksyms: safe, leftOut } = ksyms(varsOf(cases), { symbols }) ?? {};
      expect(safe?.variables).toBe(plain.length);
      expect(leftOut).toMatchObject({ 'lost-memory': 1 });
    },
  );

  it('not behind the end of the image', () => {
    const { names } = taken(plain, [{ name: '_end', value: DATA + 8n, type: SymbolType.NOTYPE }]);
    expect(names).toEqual(['jiffies', 'verbose']);
  });

  it.each<[string, Case, string]>([
    ['another linkage', { name: 'x', linkage: 2 }, 'bad-type'],
    ['a type without a size', { name: 'x', type: 'forward' }, 'bad-type'],
    ['a name that is no identifier', { name: 'x.0' }, 'bad-name'],
    ['a name longer than kernels know', { name: 'x'.repeat(128) }, 'bad-name'],
    ['a section that is not loaded', { name: 'x', section: '.comment' }, 'not-in-image'],
    ['a section that is not there', { name: 'x', section: '.gone' }, 'not-in-image'],
    ['memory of each processor', { name: 'x', section: '.data..percpu' }, 'per-cpu'],
  ])('not with %s', (_, variable, reason) => {
    const { names, leftOut } = taken([...plain, variable]);
    expect(names).toHaveLength(plain.length);
    expect(leftOut).toMatchObject({ [reason]: 1 });
  });

  it.each<[string, Partial<ExecutableSymbol>]>([
    ['is elsewhere', { value: DATA + 64n }],
    ['is smaller than the type', { size: 2 }],
  ])('not where its symbol %s', (_, change) => {
    const symbols = symbolsFor(many).map((one, index) =>
      index === 1 ? { ...one, ...change } : one,
    );
    expect(ksyms(varsOf(many), imageOf(symbols))?.leftOut).toMatchObject({ 'other-symbol': 1 });
  });

  it('not where no symbol has its name', () => {
    const symbols = symbolsFor(plain).slice(1);
    expect(ksyms(varsOf(plain), imageOf(symbols))?.leftOut).toMatchObject({ 'no-symbol': 1 });
  });

  it('never by a kernel without a symbol table', () => {
    expect(ksyms(varsOf(plain), imageOf())).toBeUndefined();
  });
});

describe('a System.map', () => {
  const symbols = withMarkers([...symbolsFor(many), { name: '_end', value: DATA + 200n }]);
  const vars = varsOf(many);
  const expected = ksyms(vars, imageOf(symbols))?.ksyms;
  const mapOf = (shift: bigint) =>
    symbols.map(({ name, value }) => `${(value + shift).toString(16)} D ${name}\n`).join('');
  const read = (text: string) => readSystemMap(Buffer.from(text));

  it.each([
    ['alone', mapOf(0n), undefined],
    ['beside a stripped vmlinux', mapOf(0n), imageOf().sections],
    ['as kallsyms of a kernel that was moved', mapOf(0x1e00000n), imageOf().sections],
  ])('says what a symbol table says: %s', (_, text, sections) => {
    const found = ksyms(vars, { symbols: read(text), sections });
    expect(expected?.variables).toBe(50);
    expect(found?.ksyms).toEqual(expected);
  });

  it('says it again after it was stored', () => {
    const stored = writeSystemMap(imageOf(symbols).symbols);
    expect(ksyms(vars, { symbols: readSystemMap(stored) })?.ksyms).toEqual(expected);
  });

  it.each(MARKERS.map(({ name }) => name))(
    'without the marker %s does not tell what memory is safe',
    (missing) => {
      const arch = 'x86_64';
      const { symbols: all } = imageOf(symbols);
      const one = all.filter(({ name }) => name !== missing);
      const two = [...all, { name: missing, address: DATA, size: 0 }];
      for (const wrong of [one, two]) {
        expect(() => ksyms(vars, { symbols: wrong, arch })).toThrow(
          expect.objectContaining({ code: 'symbols-markers' }),
        );
      }
    },
  );

  it.each([
    ['an end before its start', '__init_begin', DATA + 4n],
    ['what is lost outside of the image', '__init_end', DATA + 0x10000n],
    ['the image before itself', '_end', DATA - 0x2000n],
    ['half of a pair that not every kernel has', '__hyp_bss_start', DATA],
  ])('with %s does not tell it either', (_, name, value) => {
    const { symbols: all } = imageOf([...symbolsFor(many), { name, value }]);
    expect(() => ksyms(vars, { symbols: all })).toThrow(
      expect.objectContaining({ code: 'symbols-markers' }),
    );
  });

  it.each<[string, readonly (readonly [string, bigint])[]]>([
    ['empty', [['__init_end', DATA - 0x100n]]],
    ['without the first code in it', [['_sinittext', DATA - 0x200n]]],
    ['without the last code in it', [['_einittext', DATA - 0xefn]]],
  ])('with an impossible init range is refused: %s', (_, changes) => {
    const symbols = imageOf([
      ...symbolsFor(many),
      ...changes.map(([name, value]) => ({ name, value })),
    ]).symbols;
    for (const arch of ['x86_64', 'aarch64', undefined]) {
      expect(() => ksyms(vars, { symbols, arch })).toThrow(
        expect.objectContaining({ code: 'symbols-markers' }),
      );
    }
  });

  it('with an init range that lacks a section of the kernel is refused, moved or not', () => {
    const { sections, symbols: all } = imageOf(symbols);
    for (const shift of [0n, 0x1e00000n]) {
      const moved = all.map((one) => ({ ...one, address: one.address + shift }));
      const withInit = (address: bigint) =>
        ksyms(vars, { symbols: moved, sections: new Map([...sections, ['.init.text', address]]) });
      expect(withInit(DATA - 0x100n)?.ksyms).toEqual(expected);
      // Like `.init.scratch`.
      expect(withInit(DATA + 0x4000n)?.ksyms).toEqual(expected);
      expect(() => withInit(DATA + 8n)).toThrow(/section .init.text at .* is freed/);
    }
  });

  it('of another build is refused', () => {
    const other = symbols.map((one, index) => ({ ...one, value: one.value + BigInt(index) * 8n }));
    const text = other.map(({ name, value }) => `${value.toString(16)} D ${name}\n`).join('');
    expect(() => ksyms(vars, { symbols: read(text) })).toThrow(
      expect.objectContaining({ code: 'symbols-foreign' }),
    );
  });
});

describe('the BTF of those that are', () => {
  const cases: Case[] = [{ name: 'first' }, { name: 'lost' }, { name: 'pairs', type: 'pair' }];
  const { result, btf } = taken(cases, [{ name: 'lost', value: 1n }]);
  const vars = parseBtf(result.vars, { base: core });

  it('is sound, and so is that of all', () => {
    expect(verifyBtf(result.ksyms.bytes, { base: core })).toEqual([]);
    expect(verifyBtf(result.vars, { base: core })).toEqual([]);
  });

  it('has the types that they need and no others', () => {
    const kinds = Array.from({ length: btf.typeCount }, (_, at) => btf.kind(btf.firstId + at));
    expect(kinds).toEqual([Kind.STRUCT, Kind.VAR, Kind.VAR, Kind.DATASEC]);
  });

  it('begins as that of all does, with the same ids and strings', () => {
    const same = btf.typeCount - 1;
    const words = btf.positions[same];
    expect(vars.words.subarray(0, words)).toEqual(btf.words.subarray(0, words));
    expect(vars.kind(vars.endId - 1)).toBe(Kind.DATASEC);
  });

  it('loses no variable of all', () => {
    const describeAll = (one: typeof vars) =>
      listVariables(one).map(({ name, linkage, place }) => ({ name, linkage, place }));
    expect(describeAll(vars)).toEqual(describeAll(varsOf(cases)));
  });

  it('keeps the tags of what it has', () => {
    const b = new BtfBuilder({ base: core });
    const variable = addVariable(b, 'tagged', int, 1);
    addDeclTag(b, 'note', variable, -1);
    addSection(b, '.data', 4, [{ type: variable, offset: 0, size: 4 }]);
    const tagged = ksyms(
      parseBtf(b.finish(), { base: core }),
      imageOf([{ name: 'tagged', value: DATA }]),
    );
    const found = parseBtf(tagged?.ksyms.bytes ?? new Uint8Array(), { base: core });
    expect(found.name(found.firstId + 1)).toBe('note');
    expect(found.sizeOrType(found.firstId + 1)).toBe(found.firstId);
  });
});
