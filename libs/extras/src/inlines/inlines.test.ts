import { bytesSource, FormatError } from '@btf-depot/bytes';
import {
  addFunction,
  addFunctionProto,
  addInt,
  BtfBuilder,
  IntEncoding,
  Kind,
  parseBtf,
  type Btf,
} from '@btf-depot/btf';
import { At, Form, Tag } from '@btf-depot/dwarf';
import {
  buildImage,
  callOf,
  CODE,
  codeSection,
  inlinedCalls,
  lies,
  LocationListWriter,
  type DwarfSections,
  type EntryInput,
} from '@btf-depot/dwarf/testing';
import { readElf } from '@btf-depot/elf';
import { describe, expect, it } from 'vitest';
import type { PassOptions } from '../from-dwarf/unit-pass.ts';
import { variablesFromDwarf } from '../from-dwarf/variables-from-dwarf.ts';
import { CallerMap, writeCallerMap } from './caller-map.ts';
import { SITE_CLASSES } from './coverage.ts';
import { fetchArgument } from './fetch-argument.ts';
import { inChunks } from './in-chunks.ts';
import { inlinesFromDwarf, inlinesPass, type InlinesFromDwarf } from './inlines-from-dwarf.ts';
import { locationText, type Location } from './location.ts';
import { kernelRegister, registerName } from './registers.ts';
import { SiteTable } from './site-table.ts';

/** Core with `int`, and on request `twice`. */
function core({ twice = false } = {}): Btf {
  const b = new BtfBuilder();
  const int = addInt(b, 'int', 4, IntEncoding.SIGNED);
  const long = addInt(b, 'long int', 8, IntEncoding.SIGNED);
  if (twice) {
    const proto = addFunctionProto(b, int, [
      ['n', int],
      ['m', long],
    ]);
    addFunction(b, 'twice', proto, 0);
  }
  return b.toBtf();
}

const REGISTER = (number: number): number => 0x50 + number;
const FBREG = 0x91;
const STACK_VALUE = 0x9f;

function image(sections: DwarfSections) {
  return bytesSource(buildImage(sections, [codeSection]));
}

function find(
  calls: readonly EntryInput[],
  {
    base = core(),
    locations,
    ranges,
    limits,
  }: {
    base?: Btf;
    locations?: LocationListWriter;
    ranges?: Uint8Array<ArrayBuffer>;
    limits?: PassOptions['limits'];
  } = {},
): InlinesFromDwarf & { table: SiteTable } {
  const source = image(inlinedCalls(calls, locations, ranges));
  const found = inlinesFromDwarf(source, base, limits ? { limits } : {});
  return { ...found, table: new SiteTable(parseBtf(found.bytes, { base })) };
}

const expression = (...bytes: number[]) =>
  [At.LOCATION, Form.EXPRLOC, Uint8Array.from(bytes)] as const;

/** Offset and texts of the parameters of each site, in order. */
function texts({ table }: { table: SiteTable }): string[] {
  return Array.from({ length: table.count }, (_, number) => {
    const { offset, parameters } = table.site(number);
    const of = ({ location }: { location?: Location | undefined }) =>
      location ? locationText(location, (register) => registerName('x86_64', register)) : '-';
    return `${offset.toString(16)}: ${parameters.map(of).join(', ')}`;
  });
}

describe('parameters', () => {
  it('in a register, in memory, as a constant; and where there is nothing', () => {
    const found = find([
      callOf(0, { n: [expression(REGISTER(5))], m: [expression(0x76, 0x70)] }),
      callOf(1, { n: [[At.CONST_VALUE, Form.SDATA, -3]], m: [expression(0x74, 8, STACK_VALUE)] }),
      callOf(2, { m: [expression(0xa3, 1, REGISTER(4), STACK_VALUE)] }),
    ]);
    expect(texts(found)).toEqual(['0: rdi, 8 bytes at rbp-16', '1: -3, rsi+8', '2: -, -']);
    const { coverage } = found;
    expect(coverage).toMatchObject({ seen: 3, sites: 3, complete: 2, partial: 0, without: 1 });
    expect(coverage.located).toMatchObject({ register: 1, memory: 1, constant: 1, sum: 1 });
    expect(coverage.unavailable).toMatchObject({ 'entry-value': 1, unmentioned: 1 });
  });

  it('mentioned twice, is where the mention with a location says', () => {
    const again: EntryInput = {
      tag: Tag.FORMAL_PARAMETER,
      attributes: [
        [At.ABSTRACT_ORIGIN, Form.REF4, { label: 'n' }],
        [At.CONST_VALUE, Form.SDATA, 7],
      ],
    };
    expect(texts(find([callOf(0, { n: [] }, { children: [again] })]))).toEqual(['0: 7, -']);
  });

  it('the frame base is the register that the call frame follows from at that address', () => {
    const inFrame = { n: [expression(FBREG, 0x78)] };
    const found = find([callOf(0, inFrame), callOf(4, inFrame)]);
    expect(texts(found)).toEqual(['0: 4 bytes at rsp, -', '4: 4 bytes at rsp+16, -']);
  });

  it('without call frames it stays the frame base', () => {
    const sections = inlinedCalls([callOf(0, { n: [expression(FBREG, 0x78)] })]);
    const source = image({ ...sections, '.debug_frame': new Uint8Array() });
    const base = core();
    const table = new SiteTable(parseBtf(inlinesFromDwarf(source, base).bytes, { base }));
    expect(texts({ table })).toEqual(['0: 4 bytes at frame base-8, -']);
  });

  it('lists are taken at the address and the view of the site', () => {
    const locations = new LocationListWriter();
    const { list, views } = locations.add([
      [0x10, 0x10, 1, 2, [REGISTER(0)]],
      [0x10, 0x20, 2, 0, [REGISTER(3)]],
    ]);
    const n = [
      [At.LOCATION, Form.SEC_OFFSET, list],
      [At.GNU_LOCVIEWS, Form.SEC_OFFSET, views],
    ] as const;
    const calls = [0, 1, 2].map((view) => callOf(0x10, { n }, { view }));
    const found = find(calls, { locations });
    expect(texts(found)).toEqual(['10: -, -', '10: rax, -', '10: rbx, -']);
    expect(found.coverage.unavailable.elsewhere).toBe(1);
  });
});

describe('sites', () => {
  it('begin at their entry, whatever their ranges; classes are counted', () => {
    const unnamed: EntryInput = {
      tag: Tag.INLINED_SUBROUTINE,
      attributes: [[At.ABSTRACT_ORIGIN, Form.REF4, { label: 'twice' }], ...lies(0x30, 4)],
    };
    const { coverage, table, classes } = find([
      callOf(0x10, {}, { attributes: lies(0x10, 4) }),
      callOf(0x14, {}, { attributes: lies(0x10, 8) }),
      callOf(0x20, {}, { attributes: lies(0x20, 0) }),
      callOf(0x28, {}, { attributes: lies(0x10, 8) }),
      unnamed,
    ]);
    expect(coverage.classes).toEqual({ inside: 2, empty: 1, outside: 1, unnamed: 1 });
    expect(coverage.notLowest).toBe(2);
    const map = new CallerMap(writeCallerMap(readElf(image(inlinedCalls([]))), table.btf, classes));
    const kinds = [0, 1, 2, 3, 4, 5].map((site) => map.classOf(site));
    expect(kinds).toEqual(['inside', 'inside', 'empty', 'outside', 'unnamed', undefined]);
    expect(texts({ table }).map((text) => text.split(':')[0])).toEqual([
      '10',
      '14',
      '20',
      '28',
      '30',
    ]);
  });

  it('after the end of their function, without address, or repeated they are left out', () => {
    const nowhere: EntryInput = {
      tag: Tag.INLINED_SUBROUTINE,
      attributes: [[At.ABSTRACT_ORIGIN, Form.REF4, { label: 'twice' }]],
    };
    const { coverage } = find([callOf(0x40, {}), nowhere, callOf(8, {}), callOf(8, {})]);
    expect(coverage).toMatchObject({ seen: 4, sites: 1 });
    expect(coverage.leftOut).toMatchObject({ stray: 1, address: 1, repeated: 1 });
  });

  it('of one place: the outer call before the one that stands in it', () => {
    const inner = callOf(8, { n: [expression(REGISTER(1))] });
    const found = find([callOf(8, { n: [expression(REGISTER(0))] }, { children: [inner] })]);
    expect(texts(found)).toEqual(['8: rax, -', '8: rdx, -']);
    expect(found.table.at('.text', 8)).toEqual([0, 1]);
    expect(found.table.at('.text', 9)).toEqual([]);
  });

  it('share parameters and prototypes that are the same', () => {
    const n = [expression(REGISTER(5))];
    const found = find([callOf(0, { n }), callOf(4, { n }), callOf(8, { m: n })]);
    expect(found).toMatchObject({ sites: 3, parameters: 2, prototypes: 2 });
  });
});

describe('functions', () => {
  it("are core's where core has the same name and prototype", () => {
    const base = core({ twice: true });
    const { coverage, appended } = find([callOf(0, {})], { base });
    expect(coverage).toMatchObject({ functionsInCore: 1, functionsAdded: 0 });
    expect(appended).toBe(0);
  });

  it('are added with their prototype where it has not', () => {
    const { table, coverage, appended } = find([callOf(0, {})]);
    expect(coverage).toMatchObject({ functionsInCore: 0, functionsAdded: 1 });
    expect(appended).toBe(2);
    expect(table.names).toEqual(['twice']);
    expect(table.site(0).parameters.map(({ name, type }) => `${type} ${name}`)).toEqual([
      'int n',
      'long int m',
    ]);
  });
});

it('variables and inlined calls come of one pass, and are the same as alone', () => {
  const source = image(inlinedCalls([callOf(0, {})]));
  const base = core();
  const both = variablesFromDwarf(source, base, { beside: { inlines: inlinesPass } });
  expect(both.beside.inlines.bytes).toEqual(inlinesFromDwarf(source, base).bytes);
  expect(variablesFromDwarf(source, base)).not.toHaveProperty('inlines');
});

it('more inlined calls or parameters than the limits are refused', () => {
  const source = image(inlinedCalls([callOf(0, {}), callOf(4, {})]));
  expect(inlinesFromDwarf(source, core(), { limits: { sites: 2 } }).sites).toBe(2);
  const tooMany = () => inlinesFromDwarf(source, core(), { limits: { sites: 1 } });
  expect(tooMany).toThrow(expect.objectContaining({ code: 'dwarf-limit' }));
  // For `twice`, which has two.
  const found = find([callOf(0, {})], { limits: { parameters: 2 } });
  expect(found.sites).toBe(1);
  expect(() => find([callOf(0, {})], { limits: { parameters: 1 } })).toThrow(/more than 1 param/);
});

it('in chunks, for readers with 16 bits', () => {
  const { bytes, table } = find([callOf(0, {}), callOf(4, {}), callOf(8, {})]);
  const base = core();
  const chunked = parseBtf(inChunks(parseBtf(bytes, { base }), 2), { base });
  const vlens = [];
  for (let id = chunked.firstId; id < chunked.endId; id++) {
    if (chunked.kind(id) === Kind.LOCSEC) vlens.push(chunked.vlen(id));
  }
  expect(vlens).toEqual([2, 1]);
  const again = new SiteTable(chunked);
  expect(texts({ table: again })).toEqual(texts({ table }));
  expect([...again.ofFunction('twice')]).toEqual([0, 1, 2]);
});

describe('the map of callers', () => {
  const { table } = find([callOf(4, {})]);
  const elf = readElf(image(inlinedCalls([])));

  it('without symbols has the sections', () => {
    const text = writeCallerMap(elf, table.btf);
    expect(text).toBe('ffffffff81000000 0000000000000100 section .text\n');
    const map = new CallerMap(text);
    expect(map.place('.text', 4)).toEqual({ address: CODE + 4n, init: false });
    expect(map.locate(CODE + 4n)).toEqual({ section: '.text', offset: 4 });
    expect(map.locate(CODE + 0x100n)).toBeUndefined();
    expect(map.place('.data', 0)).toBeUndefined();
  });

  it('says the class of each of many sites, and of none where it has no line about them', () => {
    const random = [...Array(5000).keys()].map((site) => ((site * site) % 7) % 4);
    const text = writeCallerMap(elf, table.btf, Uint8Array.from(random));
    const map = new CallerMap(text);
    expect(random.map((_, site) => map.classOf(site))).toEqual(
      random.map((at) => SITE_CLASSES[at]),
    );
    expect(Math.max(...text.split('\n').map(({ length }) => length))).toBeLessThan(300);
    expect(new CallerMap(writeCallerMap(elf, table.btf)).classOf(0)).toBeUndefined();
  });

  it('is refused if it is another text, and may be of a kernel without calls', () => {
    const notMap = () => new CallerMap('root:x:0:0:root:/root:/bin/bash\n');
    expect(notMap).toThrow(expect.objectContaining({ code: 'inlines-map' }));
    expect(new CallerMap('').locate(CODE)).toBeUndefined();
  });

  it('says what to probe: by name where only one function has it, else from the start', () => {
    const line = (address: bigint, size: number, kind: string, name: string) =>
      `${address.toString(16)} ${size.toString(16).padStart(16, '0')} ${kind} ${name}\n`;
    const map = new CallerMap(
      line(CODE, 0x100, 'section', '.text') +
        line(CODE, 0, 'base', '_text') +
        line(CODE, 0x10, 'function', 'one') +
        line(CODE + 0x20n, 0x10, 'homonym', 'two') +
        line(CODE + 0x1000n, 0x10, 'init', '.init.text') +
        'nonsense\n',
    );
    expect(map.place('.text', 0)?.probe).toBe('one');
    expect(map.place('.text', 4)).toMatchObject({ probe: 'one+0x4', caller: { name: 'one' } });
    expect(map.place('.text', 0x24)).toMatchObject({ probe: '_text+0x24', caller: { offset: 4 } });
    expect(map.place('.text', 0x18)?.caller).toBeUndefined();
    expect(map.place('.init.text', 4)).toMatchObject({ init: true });
    expect(map.place('.init.text', 4)?.probe).toBeUndefined();
  });
});

it.each([
  [{ kind: 'register', register: 5, size: 4, signed: true, deref: false }, '%di:s32'],
  [
    { kind: 'register', register: 3, offset: 8, size: 8, signed: false, deref: true },
    '+8(%bx):u64',
  ],
  [
    { kind: 'register', register: 7, offset: -8, size: 1, signed: false, deref: true },
    '-8(%sp):u8',
  ],
  [{ kind: 'register', register: 7, offset: 8, size: 8, signed: false, deref: false }, undefined],
  [{ kind: 'register', register: 99, size: 8, signed: false, deref: false }, undefined],
  [{ kind: 'constant', value: -3n, size: 4, signed: true, deref: false }, '\\-3:s32'],
  [{ kind: 'address', value: CODE, size: 8, signed: false, deref: false }, undefined],
  [{ kind: 'frame', offset: 8, size: 8, signed: false, deref: true }, undefined],
  [{ kind: 'register', register: 7, size: 24, signed: false, deref: true }, undefined],
] as const)('as an argument of a kprobe event: %o', (location, text) => {
  expect(fetchArgument(location, 'x86_64')).toBe(text);
});

it('registers by architecture, and by number where it is not known', () => {
  expect([registerName('aarch64', 31), registerName('x86_64', 12)]).toEqual(['sp', 'r12']);
  expect([kernelRegister('ppc64le', 3), kernelRegister('riscv64', 10)]).toEqual(['gpr3', 'a0']);
  expect([registerName('vax', 3), registerName('s390x', 40)]).toEqual([
    'register 3',
    'register 40',
  ]);
  expect(kernelRegister(undefined, 3)).toBeUndefined();
});

it('mutations give BTF or a FormatError, and nothing else', () => {
  const locations = new LocationListWriter();
  const { list, views } = locations.add([
    [0x10, 0x10, 0, 1, [FBREG, 0x78, STACK_VALUE]],
    [0x10, 0x20, 0, 0, [0x70, 8, 0x08, 255, 0x1a, 0x94, 4]],
  ]);
  const n = [
    [At.LOCATION, Form.SEC_OFFSET, list],
    [At.GNU_LOCVIEWS, Form.SEC_OFFSET, views],
  ] as const;
  const call = callOf(
    0x10,
    { n, m: [[At.CONST_VALUE, Form.DATA1, 1]] },
    { children: [callOf(2, { n })] },
  );
  const original = inlinedCalls([call], locations);
  const names = Object.keys(original).filter((name) => original[name].length > 0);
  const base = core();
  let state = 11;
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  let faults = 0;
  for (let round = 0; round < 1500; round++) {
    const name = names[random(names.length)];
    const bytes = original[name];
    const changed = bytes.with(random(bytes.length), random(3) === 0 ? 0xff : random(256));
    try {
      const limits = { nesting: 100, listEntries: 10_000 };
      const source = image({ ...original, [name]: changed });
      const { bytes: made } = inlinesFromDwarf(source, base, { limits });
      const table = new SiteTable(parseBtf(made, { base }));
      texts({ table });
    } catch (error) {
      if (!(error instanceof FormatError)) throw new Error(`round ${round}`, { cause: error });
      faults++;
    }
  }
  expect(faults).toBeGreaterThan(50);
});
