import { bytesSource, FormatError } from '@btf-depot/bytes';
import { readElf } from '@btf-depot/elf';
import { describe, expect, it } from 'vitest';
import { Op } from './constants.ts';
import {
  ANY_TAG,
  At,
  eachChild,
  eachCodeEntry,
  Entry,
  Expressions,
  Form,
  Frames,
  inRegister,
  LocationLists,
  Ranges,
  readDwarf,
  Tag,
  UnitType,
} from './index.ts';
import type { DwarfLimits } from './limits.ts';
import { staticAddress, twoValuedAddress } from './locations/location.ts';
import {
  addressExpression,
  buildDwarf,
  buildImage,
  callOf,
  CODE,
  codeSection,
  inlinedCalls,
  LocationListWriter,
  mutate,
  type DwarfSections,
  type EntryInput,
} from './testing/index.ts';

/** Reads everything of every entry of every unit; returns the number of entries. */
function readAll(sections: DwarfSections, limits: Partial<DwarfLimits> = {}): number {
  const source = bytesSource(buildImage(sections));
  const dwarf = readDwarf(readElf(source), source, { limits });
  let entries = 0;
  const entry = new Entry(dwarf.tables);
  const target = new Entry(dwarf.tables);
  dwarf.eachUnit((unit) => {
    eachChild(unit, unit.header.firstEntry, ANY_TAG, (offset) => {
      entries++;
      entry.read(unit, offset);
      entry.string(At.NAME);
      entry.integer(At.BYTE_SIZE);
      entry.flag(At.DECLARATION);
      const expression = entry.block(At.LOCATION);
      if (expression) {
        staticAddress(unit, dwarf.tables, expression, offset);
        twoValuedAddress(unit, dwarf.tables, expression, offset);
      }
      const number = entry.reference(At.TYPE);
      if (number === 0) return;
      const other = dwarf.unitOf(number);
      target.read(other, number - other.start).string(At.NAME);
    });
  });
  return entries;
}

/** Two calls, with everything that is read of a call. */
function codeSample(): DwarfSections {
  const locations = new LocationListWriter();
  const { list, views } = locations.add([
    [0x10, 0x10, 0, 1, [Op.FBREG, 0x78, Op.STACK_VALUE]],
    [0x10, 0x20, 0, 0, [Op.BREG0, 8, Op.CONST1U, 255, Op.AND, Op.DEREF_SIZE, 4]],
  ]);
  const inner = callOf(0x18, { n: [[At.LOCATION, Form.EXPRLOC, Uint8Array.of(Op.FBREG, 0)]] });
  const outer = callOf(
    0x10,
    {
      m: [
        [At.LOCATION, Form.SEC_OFFSET, list],
        [At.GNU_LOCVIEWS, Form.SEC_OFFSET, views],
      ],
    },
    { attributes: [[At.RANGES, Form.SEC_OFFSET, 0]], children: [inner] },
  );
  return inlinedCalls([outer], locations, Uint8Array.of(4, 16, 17, 4, 20, 24, 0));
}

/**
 * Reads all code, and each location at each place; returns the number of calls and their
 * parameters.
 */
function readCode(sections: DwarfSections): number {
  const source = bytesSource(buildImage(sections, [codeSection]));
  const dwarf = readDwarf(readElf(source), source, { limits: { nesting: 100 } });
  const entry = new Entry(dwarf.tables);
  const ranges = new Ranges(dwarf);
  const lists = new LocationLists(dwarf);
  const expressions = new Expressions(dwarf.tables);
  const frames = new Frames(dwarf);
  const address = dwarf.tables.space.of(CODE + 0x10n);
  let calls = 0;
  dwarf.eachUnit((unit) => {
    const callFrame = () => inRegister(frames.cfaAt(address)?.register ?? 0);
    eachCodeEntry(unit, dwarf.limits.nesting, (offset, tag, parent) => {
      entry.read(unit, offset);
      if (tag === Tag.INLINED_SUBROUTINE) {
        calls++;
        ranges.read(unit, entry, []);
        entry.address(At.ENTRY_PC);
      }
      for (const view of [0, 1]) {
        const found = lists.find(unit, entry, At.LOCATION, { address, view });
        if (found !== 'found') continue;
        expressions.read(lists, 4, { unit, frameBase: callFrame, callFrame });
      }
      if (tag !== Tag.FORMAL_PARAMETER) return;
      if (entry.read(unit, parent).tag === Tag.INLINED_SUBROUTINE) calls++;
    });
  });
  return calls;
}

function faultOf(action: () => unknown): FormatError {
  try {
    action();
  } catch (error) {
    if (error instanceof FormatError) return error;
    throw error;
  }
  throw new Error('taken');
}

const int: EntryInput = {
  tag: Tag.BASE_TYPE,
  label: 'int',
  attributes: [
    [At.NAME, Form.STRP, 'int'],
    [At.BYTE_SIZE, Form.DATA1, 4],
  ],
};
const variable: EntryInput = {
  tag: Tag.VARIABLE,
  attributes: [
    [At.NAME, Form.STRX, 0],
    [At.TYPE, Form.REF4, { label: 'int' }],
    [At.EXTERNAL, Form.FLAG_PRESENT],
    [At.LOCATION, Form.EXPRLOC, addressExpression(0x1000n)],
  ],
};
const body: EntryInput = {
  tag: Tag.SUBPROGRAM,
  attributes: [
    [At.LOCATION, Form.EXPRLOC, Uint8Array.of(0x9c)],
    [At.SIBLING, Form.REF4, { label: 'int' }],
  ],
  children: [{ tag: Tag.VARIABLE, attributes: [[At.NAME, Form.STRING, 'local']] }],
};
const root: EntryInput = {
  tag: Tag.COMPILE_UNIT,
  attributes: [
    [At.STR_OFFSETS_BASE, Form.SEC_OFFSET, 8],
    [At.ADDR_BASE, Form.SEC_OFFSET, 8],
  ],
  children: [body, int, variable],
};
const sample = (): DwarfSections =>
  buildDwarf({
    units: [
      { root },
      { root: { ...root, children: [body, int] }, offsetSize: 8, version: 4 },
      {
        root: { tag: Tag.TYPE_UNIT, children: [int] },
        type: UnitType.TYPE,
        signature: 1n,
        typeLabel: 'int',
      },
    ],
    strings: ['jiffies'],
    addresses: [0x1000n],
  });

const changed = (name: string, change: (bytes: Uint8Array) => Uint8Array): DwarfSections => {
  const sections = sample();
  return { ...sections, [name]: Uint8Array.from(change(sections[name])) };
};

describe('faults name section, unit and offset', () => {
  it('an abbreviation table without end', () => {
    const fault = faultOf(() => readAll(changed('.debug_abbrev', (bytes) => bytes.slice(0, 9))));
    expect(fault.code).toBe('dwarf-abbreviation');
    expect(fault.message).toBe('.debug_abbrev+0x9: the table has no end');
  });

  it('a form that does not exist', () => {
    const fault = faultOf(() => readAll(changed('.debug_abbrev', (bytes) => bytes.with(4, 0x2f))));
    expect(fault.message).toBe('.debug_abbrev+0x5: form 0x2f is unknown');
  });

  it('a code that its table lacks', () => {
    const fault = faultOf(() => readAll(changed('.debug_info', (bytes) => bytes.with(12, 99))));
    expect(fault.code).toBe('dwarf-entry');
    expect(fault.message).toBe(
      '.debug_info+0xc: in the unit at 0x0: abbreviation 99 is not in its table',
    );
  });

  it('a unit that lies about its length', () => {
    const longer = changed('.debug_info', (bytes) => bytes.with(2, 1));
    expect(faultOf(() => readAll(longer)).message).toMatch(/passes the end of the section/);
    const shorter = changed('.debug_info', (bytes) => bytes.with(0, 20));
    expect(faultOf(() => readAll(shorter)).code).toMatch(/^dwarf-(entry|unit|version)$/);
    const reserved = changed('.debug_info', (bytes) => bytes.fill(0xff, 1, 4).with(0, 0xf5));
    expect(faultOf(() => readAll(reserved)).message).toMatch(/reserved length/);
  });

  it('a version that is not known', () => {
    const fault = faultOf(() => readAll(changed('.debug_info', (bytes) => bytes.with(4, 6))));
    expect(fault).toMatchObject({ code: 'dwarf-version', where: { section: '.debug_info' } });
  });

  it('a sibling that leads back', () => {
    const sections = sample();
    const at = sections['.debug_info'].indexOf(0x9c) + 1;
    const fault = faultOf(() =>
      readAll({ ...sections, '.debug_info': sections['.debug_info'].with(at, 2) }),
    );
    expect(fault.message).toMatch(/a sibling at 2 is not further on/);
  });

  it('strings outside their section, and without end', () => {
    const short = changed('.debug_str', () => Uint8Array.of(0));
    expect(faultOf(() => readAll(short)).message).toMatch(/a string at \.debug_str\+0x/);
    const open = changed('.debug_str', () => Uint8Array.of(65));
    expect(faultOf(() => readAll(open)).where).toEqual({ section: '.debug_str' });
  });

  it.each([
    [{ units: 2 }, 'units'],
    [{ unitBytes: 20 }, 'bytes of one unit'],
    [{ abbreviations: 2 }, 'abbreviations'],
    [{ attributes: 2 }, 'attributes'],
    [{ memory: 10 }, 'bytes to hold in memory'],
  ] satisfies [Partial<DwarfLimits>, string][])('more than the limit: %o', (limits, what) => {
    const fault = faultOf(() => readAll(sample(), limits));
    expect(fault.code).toBe('dwarf-limit');
    expect(fault.message).toContain(what);
  });
});

describe('fuzz', () => {
  it.each([
    ['types and variables', sample(), readAll, 6],
    ['code', codeSample(), readCode, 4],
  ] as const)('%s: a value or a FormatError, and nothing else', (_what, original, read, count) => {
    expect(read(original)).toBe(count);
    const sectionNames = Object.keys(original);
    let faults = 0;
    for (let seed = 1; seed <= 4000; seed++) {
      const sections = mutate(original, seed, sectionNames, true);
      try {
        read(sections);
      } catch (error) {
        if (!(error instanceof FormatError)) throw new Error(`seed ${seed}`, { cause: error });
        faults++;
      }
    }
    expect(faults).toBeGreaterThan(1000);
  });
});
