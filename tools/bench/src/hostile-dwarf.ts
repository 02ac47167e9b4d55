import { ByteWriter } from '@btf-depot/bytes';
import { At, Form, Tag } from '@btf-depot/dwarf';
import { buildImage } from '@btf-depot/dwarf/testing';
import { SectionType } from '@btf-depot/elf';
import { buildIdOf, kernelBtf } from '@btf-depot/testing';

interface Dwarf {
  /** Amounts of each kind. */
  extras: string;
  abbreviations: Uint8Array;
  info: Uint8Array;
}

/** Small debug information that causes much work, by kind. */
export const HOSTILE_DWARF: Record<string, () => Dwarf> = {
  '100,000 units share 200,000 abbreviations': () => ({
    extras: 'inlines',
    abbreviations: tableOf(200_000),
    info: units(100_000, () => 0),
  }),
  '20,000 units use 10 tables of 20,000 abbreviations in turn': () => {
    const table = tableOf(20_000);
    const all = new Uint8Array(table.length * 10);
    for (let place = 0; place < 10; place++) all.set(table, place * table.length);
    const info = units(20_000, (one) => (one % 10) * table.length);
    return { extras: 'inlines', abbreviations: all, info };
  },
  'an abbreviation of 1,000,000 attributes, of 20,000 entries': () => {
    const abbreviations = new ByteWriter('little').bytes(
      Uint8Array.of(1, Tag.COMPILE_UNIT, 1, 0, 0),
    );
    abbreviations.bytes(Uint8Array.of(2, Tag.VARIABLE, 0));
    const one = [At.EXTERNAL, Form.FLAG_PRESENT];
    abbreviations.bytes(Uint8Array.from({ length: 2_000_000 }, (_, place) => one[place % 2] ?? 0));
    abbreviations.bytes(Uint8Array.of(0, 0, 0));
    const info = unit([1, ...repeated(2, 20_000), 0]);
    return { extras: 'vars', abbreviations: abbreviations.finish(), info };
  },
  '100,000 variables of structures that stand in each other': () => {
    const abbreviations = Uint8Array.from(
      [
        [1, Tag.COMPILE_UNIT, 1, 0, 0],
        [2, Tag.STRUCTURE_TYPE, 1, 0, 0],
        [3, Tag.VARIABLE, 0, At.TYPE, Form.REF4, At.LOCATION, Form.EXPRLOC],
        [At.NAME, Form.STRING, 0, 0, 0],
      ].flat(),
    );
    const count = 100_000;
    const body = new ByteWriter('little').bytes(
      Uint8Array.from([1, ...repeated(2, count), ...repeated(0, count)]),
    );
    for (let variable = 0; variable < count; variable++) {
      body.bytes(Uint8Array.of(3)).u32(HEADER + 1 + variable);
      body
        .bytes(Uint8Array.of(9, 0x03))
        .u64(DATA)
        .bytes(Buffer.from(`v${variable}\0`, 'latin1'));
    }
    return {
      extras: 'vars',
      abbreviations,
      info: unit([...body.bytes(Uint8Array.of(0)).finish()]),
    };
  },
};

const HEADER = 11;
const DATA = 0x1000;
const NT_GNU_BUILD_ID = 3;

/** An ELF file with its own core and that debug information. */
export function hostileKernel(name: string, { abbreviations, info }: Dwarf): Uint8Array {
  const debug = {
    '.debug_abbrev': new Uint8Array(abbreviations),
    '.debug_info': new Uint8Array(info),
  };
  const id = Buffer.from(buildIdOf(name), 'hex');
  const note = new ByteWriter('little').u32(4).u32(id.length).u32(NT_GNU_BUILD_ID);
  note.bytes(Buffer.from('GNU\0', 'latin1')).bytes(id);
  return buildImage(debug, [
    { name: '.notes', type: SectionType.NOTE, flags: 2, address: 0n, bytes: note.finish() },
    { name: '.BTF', flags: 0, address: 0n, bytes: kernelBtf() },
    { name: '.data', flags: 3, address: BigInt(DATA), bytes: new Uint8Array(64) },
  ]);
}

function repeated(byte: number, count: number): number[] {
  return Array.from({ length: count }, () => byte);
}

/** The first is a unit's, all others are variables'; none has attributes. */
function tableOf(count: number): Uint8Array {
  const table = new ByteWriter('little');
  for (let code = 1; code <= count; code++) {
    for (let rest = code; ; rest >>>= 7) {
      table.u8((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
      if (rest <= 0x7f) break;
    }
    table.bytes(Uint8Array.of(code === 1 ? Tag.COMPILE_UNIT : Tag.VARIABLE, 0, 0, 0));
  }
  return table.u8(0).finish();
}

/** A unit of DWARF 4. */
function unit(body: readonly number[], table = 0): Uint8Array {
  const bytes = new ByteWriter('little').u32(HEADER - 4 + body.length);
  return bytes.u16(4).u32(table).u8(8).bytes(Uint8Array.from(body)).finish();
}

function units(count: number, table: (unit: number) => number): Uint8Array {
  const all = new ByteWriter('little');
  for (let one = 0; one < count; one++) all.bytes(unit([1], table(one)));
  return all.finish();
}
