import { bytesSource, ByteWriter } from '@btf-depot/bytes';
import { readElf } from '@btf-depot/elf';
import { describe, expect, it } from 'vitest';
import { AttributeLists, ROW } from './entries/abbreviations.ts';
import { FormSizes } from './entries/forms.ts';
import { ANY_TAG, At, eachChild, eachCodeEntry, Entry, Form, readDwarf, Tag } from './index.ts';
import type { DwarfLimits } from './limits.ts';
import { buildDwarf, buildImage, type DwarfSections, type EntryInput } from './testing/index.ts';
import type { Unit } from './unit.ts';

// Work that is cheap once, and that the input requests very often.

const open = (sections: DwarfSections, limits: Partial<DwarfLimits> = {}) => {
  const source = bytesSource(buildImage(sections));
  return readDwarf(readElf(source), source, { limits });
};

const named = (tag: number, name: string): EntryInput => ({
  tag,
  attributes: [[At.NAME, Form.STRING, name]],
});

const VERSION = 4;
/** Offset in a unit of its abbreviations' offset, in DWARF 4. */
const ABBREVIATIONS_AT = 6;

/** Identical units that use these tables in turn. */
function unitsOf(count: number, tables: (own: number) => number): DwarfSections {
  const children = [Tag.SUBPROGRAM, Tag.VARIABLE, Tag.TYPEDEF].map((tag) => named(tag, 'x'));
  const root = { tag: Tag.COMPILE_UNIT, children };
  const units = Array.from({ length: count }, () => ({ root, version: VERSION }));
  const sections = buildDwarf({ units });
  const info = sections['.debug_info'];
  const view = new DataView(info.buffer);
  const [unitBytes, tableBytes] = [info.length, sections['.debug_abbrev'].length].map(
    (bytes) => bytes / count,
  );
  for (let unit = 0; unit < count; unit++) {
    view.setUint32(unit * unitBytes + ABBREVIATIONS_AT, tables(unit) * tableBytes, true);
  }
  return sections;
}

describe('abbreviation tables', () => {
  it.each([
    ['one that all share', 1],
    ['several that take turns', 20],
  ])('%s are read once', (_what, tables) => {
    const own = new Set<Unit['table']>();
    open(unitsOf(100, (unit) => unit % tables)).eachUnit(({ table }) => own.add(table));
    expect(own.size).toBe(tables);
  });

  it('that are all read again have a limit in total', () => {
    // Each begins one byte after the last, and all have the same end.
    const count = 100_000;
    const sections = unitsOf(100, () => 0);
    const codes = new ByteWriter('little');
    for (let code = 1; code <= count; code++) {
      codes.bytes(Uint8Array.of((code & 127) | 128, ((code >> 7) & 127) | 128, code >> 14));
      codes.bytes(Uint8Array.of(Tag.COMPILE_UNIT, 0, 0, 0));
    }
    const view = new DataView(sections['.debug_info'].buffer);
    const unitBytes = sections['.debug_info'].length / 100;
    for (let unit = 0; unit < 100; unit++) {
      view.setUint32(unit * unitBytes + ABBREVIATIONS_AT, unit * 7, true);
      view.setUint8(unit * unitBytes + 11, unit + 1);
    }
    const dwarf = open({ ...sections, '.debug_abbrev': Uint8Array.from(codes.u8(0).finish()) });
    let units = 0;
    expect(() => dwarf.eachUnit(() => units++)).toThrow(/abbreviations and attributes to read/);
    // Eight for each byte; an abbreviation has seven.
    expect(units).toBeGreaterThan(50);
    expect(units).toBeLessThan(80);
  });

  it('are laid out for code once, however many units share one', () => {
    let reads = 0;
    const perUnit: number[] = [];
    let table: Unit['table'] | undefined;
    open(unitsOf(10, () => 0)).eachUnit((unit) => {
      const rows = new Proxy(unit.table.rows, {
        get: (target, key) => {
          if (typeof key === 'string' && /^\d+$/.test(key)) reads++;
          return Reflect.get(target, key, target) as unknown;
        },
      });
      table ??= Object.assign(Object.create(unit.table) as Unit['table'], { rows });
      const before = reads;
      eachCodeEntry({ ...unit, table }, 10, () => undefined);
      perUnit.push(reads - before);
    });
    expect(perUnit[0]).toBeGreaterThan((perUnit[1] ?? 0) + 4);
    expect(new Set(perUnit.slice(1)).size).toBe(1);
  });

  it('with one hash are not all compared with each other', () => {
    // 31 * 3 + 0x0b = 31 * 2 + 0x2a: any number of such lists have the same hash.
    const count = 512;
    const lists = Array.from({ length: count }, (_, number) => [
      ...Array.from({ length: 9 }, (_none, bit) =>
        (number >> bit) & 1 ? [3, Form.DATA1] : [2, Form.ADDRX2],
      ).flat(),
      0,
      0,
    ]);
    const [size] = lists.map(({ length }) => length);
    let reads = 0;
    const bytes = new Proxy(Uint8Array.from(lists.flat()), {
      get: (target, key) => {
        if (typeof key === 'string' && /^\d+$/.test(key)) reads++;
        return Reflect.get(target, key, target) as unknown;
      },
    });
    const pool = new AttributeLists(
      bytes,
      new FormSizes({ addressSize: 8, offsetSize: 4, version: 5 }),
    );
    for (let list = 0; list < count; list++) {
      expect(pool.at(list * size, (list + 1) * size).attributes).toHaveLength(9);
    }
    // The hash, the list itself, and a few comparisons: not all earlier lists.
    expect(reads / count / size).toBeLessThan(2 + 2 * 16 + ROW);
  });
});

it('the attributes of an abbreviation have a limit, because each entry costs them all', () => {
  const attributes = Array.from({ length: 129 }, (_, n) => [n + 1, Form.FLAG_PRESENT] as const);
  const root = { tag: Tag.COMPILE_UNIT, children: [{ tag: Tag.VARIABLE, attributes }] };
  const dwarf = open(buildDwarf({ units: [{ root }] }));
  expect(() => dwarf.eachUnit(() => undefined)).toThrow(
    '.debug_abbrev+0x0: more than 128 attributes of one abbreviation',
  );
});

it('nested entries are not skipped again for each level', () => {
  const depth = 2000;
  let nest: EntryInput = named(Tag.STRUCTURE_TYPE, 'a name');
  for (let level = 0; level < depth; level++)
    nest = { ...named(Tag.STRUCTURE_TYPE, 'a name'), children: [nest] };
  const dwarf = open(
    buildDwarf({ units: [{ root: { tag: Tag.COMPILE_UNIT, children: [nest] } }] }),
  );
  let levels = 0;
  const descend = (unit: Unit) => {
    const entry = new Entry(dwarf.tables);
    for (let at: number | undefined = unit.header.firstEntry; at !== undefined; levels++) {
      const parent: number = at;
      at = undefined;
      if (entry.read(unit, parent).hasChildren) {
        eachChild(unit, parent, ANY_TAG, (offset) => (at = offset));
      }
    }
  };
  expect(() => dwarf.eachUnit(descend)).toThrow(/bytes passed over in search of children/);
  expect(levels).toBeGreaterThan(100);
  expect(levels).toBeLessThan(depth);
});

describe('a string of more bytes than the limit, which any number of entries may name,', () => {
  const long = 'x'.repeat(101);
  const limits = { stringBytes: 100 };
  const read = (form: number, name: string) => {
    const child = { tag: Tag.VARIABLE, attributes: [[At.NAME, form, name]] as const };
    const root = { tag: Tag.COMPILE_UNIT, children: [named(Tag.VARIABLE, 'short'), child] };
    const dwarf = open(buildDwarf({ units: [{ root }] }), limits);
    const entry = new Entry(dwarf.tables);
    const names: unknown[] = [];
    dwarf.eachUnit((unit) =>
      eachChild(unit, unit.header.firstEntry, ANY_TAG, (offset) =>
        names.push(entry.read(unit, offset).string(At.NAME)),
      ),
    );
    return names;
  };

  it.each([
    ['.debug_str', Form.STRP, '.debug_str+0x1: 101 bytes of one string, the limit is 100'],
    ['.debug_info', Form.STRING, /101 bytes of one string, the limit is 100$/],
  ])('is refused in %s', (_section, form, message) => {
    expect(() => read(form, long)).toThrow(message);
    expect(read(form, long.slice(1))).toEqual(['short', long.slice(1)]);
  });
});
