import { ByteWriter, bytesSource, FormatError } from '@btf-depot/bytes';
import { readElf } from '@btf-depot/elf';
import { describe, expect, it } from 'vitest';
import { At, Form, Op, Tag } from './constants.ts';
import {
  eachCodeEntry,
  Entry,
  Frames,
  LocationLists,
  Ranges,
  readDwarf,
  type Dwarf,
} from './index.ts';
import type { DwarfLimits } from './limits.ts';
import {
  buildDwarf,
  buildImage,
  callOf,
  CODE,
  codeSection,
  inlinedCalls,
  lies,
  LocationListWriter,
  type AttributeInput,
  type DwarfSections,
  type EntryInput,
} from './testing/index.ts';

function open(sections: DwarfSections, limits: Partial<DwarfLimits> = {}): Dwarf {
  const source = bytesSource(buildImage(sections, [codeSection]));
  return readDwarf(readElf(source), source, { limits });
}

/** Each code entry as text: tag, parent, subprogram. */
function walk(dwarf: Dwarf): string[] {
  const found: string[] = [];
  const names = new Map<number, string>([[0, '-']]);
  dwarf.eachUnit((unit) => {
    const entry = new Entry(dwarf.tables);
    names.set(unit.header.firstEntry, 'unit');
    eachCodeEntry(unit, dwarf.limits.nesting, (offset, tag, parent, subprogram) => {
      const name = entry.read(unit, offset).string(At.NAME) ?? `${tag}`;
      names.set(offset, name);
      found.push(`${name} in ${names.get(parent) ?? '?'} of ${names.get(subprogram) ?? '?'}`);
    });
  });
  return found;
}

function named(tag: number, name: string, children: EntryInput[] = []): EntryInput {
  return { tag, attributes: [[At.NAME, Form.STRING, name]], children };
}

const unit = (...children: EntryInput[]) => ({ root: { tag: Tag.COMPILE_UNIT, children } });

describe('code of a unit', () => {
  it('variables too, those at the top level', () => {
    const within = named(Tag.SUBPROGRAM, 'f', [named(Tag.VARIABLE, 'local')]);
    const both = unit(named(Tag.VARIABLE, 'first'), within, named(Tag.VARIABLE, 'last'));
    expect(walk(open(buildDwarf({ units: [both] })))).toEqual([
      'first in unit of -',
      'f in unit of -',
      'last in unit of -',
    ]);
  });

  it('subprograms, calls and parameters with what they stand in; types are passed over', () => {
    const inner = named(Tag.INLINED_SUBROUTINE, 'inner', [named(Tag.FORMAL_PARAMETER, 'q')]);
    const outer = named(Tag.INLINED_SUBROUTINE, 'outer', [
      named(Tag.FORMAL_PARAMETER, 'p'),
      named(Tag.LEXICAL_BLOCK, 'block', [inner]),
    ]);
    const body = named(Tag.SUBPROGRAM, 'f', [
      {
        tag: Tag.SUBROUTINE_TYPE,
        attributes: [[At.SIBLING, Form.REF4, { label: 'nested' }]],
        children: [named(Tag.FORMAL_PARAMETER, 'no')],
      },
      { ...named(Tag.SUBPROGRAM, 'nested'), label: 'nested' },
      outer,
    ]);
    expect(walk(open(buildDwarf({ units: [unit(body)] })))).toEqual([
      'f in unit of -',
      'nested in f of f',
      'outer in f of f',
      'p in outer of f',
      'inner in ? of f',
      'q in inner of f',
    ]);
  });

  it('is refused where it is nested beyond the limit', () => {
    let nested = named(Tag.INLINED_SUBROUTINE, 'last');
    for (let level = 0; level < 200; level++) nested = named(Tag.LEXICAL_BLOCK, '', [nested]);
    const sections = buildDwarf({ units: [unit(nested)] });
    expect(walk(open(sections))).toHaveLength(1);
    expect(() => walk(open(sections, { nesting: 100 }))).toThrow(
      expect.objectContaining({ code: 'dwarf-limit' }) as Error,
    );
  });
});

/** The first entry of a call, with readers of its lists. */
function first(dwarf: Dwarf, tag: number = Tag.FORMAL_PARAMETER) {
  const units = [...dwarf.units.keys()].map((index) => dwarf.unitOf(dwarf.units[index].firstEntry));
  const entry = new Entry(dwarf.tables);
  let at = 0;
  eachCodeEntry(units[0], 100, (offset, found, parent) => {
    const isCall = entry.read(units[0], parent).tag === Tag.INLINED_SUBROUTINE;
    if (at === 0 && found === tag && (isCall || tag !== Tag.FORMAL_PARAMETER)) at = offset;
  });
  return { unit: units[0], entry: entry.read(units[0], at) };
}

describe('a list of locations', () => {
  const rax = [Op.REG0];
  const rbx = [Op.REG0 + 3];
  const rdi = [Op.REG0 + 5];

  function at(offset: number, view: number, withViews = true): number | string {
    const locations = new LocationListWriter();
    const { list, views } = locations.add([
      [0x10, 0x10, 1, 3, rax],
      [0x10, 0x20, 3, 0, rbx],
      [0x20, 0x30, 2, 0, rdi],
    ]);
    const attributes: AttributeInput[] = [[At.LOCATION, Form.SEC_OFFSET, list]];
    if (withViews) attributes.push([At.GNU_LOCVIEWS, Form.SEC_OFFSET, views]);
    const dwarf = open(inlinedCalls([callOf(0x10, { n: attributes })], locations));
    const lists = new LocationLists(dwarf);
    const parameter = first(dwarf);
    const address = dwarf.tables.space.of(CODE + BigInt(offset));
    const found = lists.find(parameter.unit, parameter.entry, At.LOCATION, { address, view });
    return found === 'found' ? lists.bytes[lists.from] - Op.REG0 : found;
  }

  it('by address and view: an entry that ends where it begins holds for its views', () => {
    expect([0, 1, 2, 3].map((view) => at(0x10, view))).toEqual(['list', 0, 0, 3]);
    expect([0x11, 0x1f, 0x2f, 0x30].map((offset) => at(offset, 0))).toEqual([3, 3, 5, 'list']);
  });

  it('before a view that an entry begins with, it does not hold', () => {
    expect([0, 1, 2].map((view) => at(0x20, view))).toEqual(['list', 'list', 5]);
  });

  it('without views by addresses alone', () => {
    expect([at(0x10, 1, false), at(0x20, 0, false)]).toEqual([3, 5]);
  });

  it('by its number, with addresses by theirs', () => {
    const list = new ByteWriter('little')
      .zeros(12)
      .u32(4)
      .u8(2)
      .u8(0)
      .u8(1)
      .u8(1)
      .u8(Op.REG0 + 6);
    const sections = buildDwarf({
      units: [
        {
          root: {
            tag: Tag.COMPILE_UNIT,
            attributes: [
              [At.ADDR_BASE, Form.SEC_OFFSET, 8],
              [At.LOCLISTS_BASE, Form.SEC_OFFSET, 12],
            ],
            children: [
              {
                ...named(Tag.INLINED_SUBROUTINE, 'f'),
                children: [
                  { tag: Tag.FORMAL_PARAMETER, attributes: [[At.LOCATION, Form.LOCLISTX, 0]] },
                ],
              },
            ],
          },
        },
      ],
      addresses: [CODE + 1n, CODE + 9n],
    });
    const dwarf = open({ ...sections, '.debug_loclists': list.u8(0).finish() });
    const lists = new LocationLists(dwarf);
    const { unit: own, entry } = first(dwarf);
    const address = dwarf.tables.space.of(CODE + 8n);
    expect(lists.find(own, entry, At.LOCATION, { address, view: 0 })).toBe('found');
    expect(lists.bytes[lists.from]).toBe(Op.REG0 + 6);
    expect(lists.find(own, entry, At.LOCATION, { address: address + 1, view: 0 })).toBe('list');
  });

  it.each([
    ['of an unknown kind', [0x0a]],
    ['without end', [4, 1, 2, 1, Op.REG0]],
    ['with an expression that passes the end', [4, 1, 2, 200, Op.REG0]],
  ])('%s is refused', (_what, bytes) => {
    const sections = inlinedCalls([callOf(0, { n: [[At.LOCATION, Form.SEC_OFFSET, 0]] })]);
    const dwarf = open({ ...sections, '.debug_loclists': Uint8Array.from(bytes) });
    const { unit: own, entry } = first(dwarf);
    const place = { address: 99, view: 0 };
    expect(() => new LocationLists(dwarf).find(own, entry, At.LOCATION, place)).toThrow(
      expect.objectContaining({ code: 'dwarf-list' }) as Error,
    );
  });

  it('of more entries than the limit is refused', () => {
    const locations = new LocationListWriter();
    const { list } = locations.add(Array.from({ length: 20 }, () => [1, 2, 0, 0, rax]));
    const call = callOf(0, { n: [[At.LOCATION, Form.SEC_OFFSET, list]] });
    const dwarf = open(inlinedCalls([call], locations), { listEntries: 10 });
    const { unit: own, entry } = first(dwarf);
    const place = { address: 99, view: 0 };
    expect(() => new LocationLists(dwarf).find(own, entry, At.LOCATION, place)).toThrow(
      expect.objectContaining({ code: 'dwarf-limit' }) as Error,
    );
  });
});

describe('ranges', () => {
  function rangesOf(sections: DwarfSections): (number | bigint)[][] {
    const dwarf = open(sections);
    const { unit: own, entry } = first(dwarf, Tag.INLINED_SUBROUTINE);
    const found: number[] = [];
    const count = new Ranges(dwarf).read(own, entry, found);
    const offsets = found
      .slice(0, count)
      .map((address) => dwarf.tables.space.address(address) - CODE);
    return offsets.flatMap((begin, at) => (at % 2 === 0 ? [[begin, offsets[at + 1]]] : []));
  }

  it('of low_pc and high_pc', () => {
    expect(rangesOf(inlinedCalls([callOf(4, {}, { attributes: lies(4, 8) })]))).toEqual([
      [4n, 12n],
    ]);
  });

  it('of a list, relative to the unit, to a base of its own, and absolute', () => {
    const list = new ByteWriter('little')
      .u8(4)
      .u8(1)
      .u8(2)
      .u8(5)
      .u64(CODE + 0x10n);
    list
      .u8(4)
      .u8(3)
      .u8(3)
      .u8(6)
      .u64(CODE)
      .u64(CODE + 1n)
      .u8(7)
      .u64(CODE + 5n)
      .u8(9)
      .u8(0);
    const call = callOf(4, {}, { attributes: [[At.RANGES, Form.SEC_OFFSET, 0]] });
    expect(rangesOf(inlinedCalls([call], undefined, list.finish()))).toEqual([
      [1n, 2n],
      [0x13n, 0x13n],
      [0n, 1n],
      [5n, 14n],
    ]);
  });

  it('of DWARF 4: pairs of addresses, with a base among them', () => {
    const list = new ByteWriter('little').u64(CODE + 2n).u64(CODE + 3n);
    list.u64(0xffffffffffffffffn).u64(CODE).u64(4).u64(6).u64(0).u64(0);
    const call = named(Tag.INLINED_SUBROUTINE, 'f');
    const attributes: AttributeInput[] = [[At.RANGES, Form.SEC_OFFSET, 0]];
    const sections = buildDwarf({
      units: [{ ...unit({ ...call, attributes }), version: 4 }],
    });
    expect(rangesOf({ ...sections, '.debug_ranges': list.finish() })).toEqual([
      [2n, 3n],
      [4n, 6n],
    ]);
  });
});

describe('call-frame information', () => {
  const ruleAt = (dwarf: Dwarf, offset: number) =>
    new Frames(dwarf).cfaAt(dwarf.tables.space.of(CODE + BigInt(offset)));

  it('the rule of each address', () => {
    const dwarf = open(inlinedCalls([]));
    expect(ruleAt(dwarf, 0)).toEqual({ register: 7, offset: 8 });
    expect(ruleAt(dwarf, 3)).toEqual({ register: 7, offset: 8 });
    expect(ruleAt(dwarf, 4)).toEqual({ register: 7, offset: 24 });
    expect(ruleAt(dwarf, 0x3f)).toEqual({ register: 7, offset: 24 });
    expect(ruleAt(dwarf, 0x40)).toBeUndefined();
  });

  it.each([
    [0, 200, 'an entry of'],
    [24 + 24, 0x3f, 'instruction 0x3f'],
    [24 + 24, 0x0b, 'no state to go back to'],
    [28, 99, 'seek'],
  ])('byte %i as %i is refused', (place, byte, message) => {
    const sections = inlinedCalls([]);
    const bytes = sections['.debug_frame'].with(place, byte);
    const read = () => ruleAt(open({ ...sections, '.debug_frame': bytes }), 0x3f);
    expect(read).toThrow(FormatError);
    expect(read).toThrow(message);
  });

  it('of more instructions than the limit is refused', () => {
    expect(() => ruleAt(open(inlinedCalls([]), { frameSteps: 3 }), 8)).toThrow(
      expect.objectContaining({ code: 'dwarf-limit' }) as Error,
    );
  });
});
