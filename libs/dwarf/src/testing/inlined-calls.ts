import { ByteWriter } from '@btf-depot/bytes';
import { At, Form, Op, Tag } from '../constants.ts';
import {
  buildDwarf,
  type DwarfSections,
  type EntryInput,
  type ImageSection,
} from './build-dwarf.ts';

/** Start of the sample's code. */
export const CODE = 0xffff_ffff_8100_0000n;

/** Begin and end as bytes from CODE, the views of both, and an expression. */
export type LocationInput = readonly [
  begin: number,
  end: number,
  beginView: number,
  endView: number,
  expression: readonly number[],
];

/** Lists of locations of DWARF 5, each after its pairs of views, as gcc writes them. */
export class LocationListWriter {
  readonly #out = new ByteWriter('little').zeros(12);

  /** Offsets of the list and of its views. */
  add(locations: readonly LocationInput[]): { list: number; views: number } {
    const out = this.#out;
    const views = out.length;
    for (const [, , beginView, endView] of locations) out.u8(beginView).u8(endView);
    const list = out.length;
    out.u8(6).u64(CODE);
    for (const [begin, end, , , expression] of locations) {
      out.u8(4).u8(begin).u8(end).u8(expression.length).bytes(Uint8Array.from(expression));
    }
    out.u8(0);
    return { list, views };
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#out.finish();
  }
}

/** Call-frame information of one function of 0x40 bytes: rsp+8, and from +4 on rsp+24. */
function frameSection(): Uint8Array<ArrayBuffer> {
  const out = new ByteWriter('little');
  // The common entry: version 4, aligned by 1 and -8, return address in column 16.
  out.u32(20).u32(0xffffffff).u8(4).u8(0).u8(8).u8(0).u8(1).u8(0x78).u8(16);
  out.u8(0x0c).u8(7).u8(8).u8(0x90).u8(1).zeros(4);
  out.u32(28).u32(0).u64(CODE).u64(0x40).u8(0x44).u8(0x0e).u8(24).zeros(5);
  return out.finish();
}

const pc = (offset: number): bigint => CODE + BigInt(offset);

/**
 * A function of 0x40 bytes, `caller`, with the wanted calls of `twice(int n, long m)` (`calls`,
 * children of `caller`), call-frame information, and the lists of `locations`.
 */
export function inlinedCalls(
  calls: readonly EntryInput[],
  locations: LocationListWriter = new LocationListWriter(),
  ranges: Uint8Array<ArrayBuffer> = new Uint8Array(),
): DwarfSections {
  const base = (label: string, name: string, size: number, encoding: number): EntryInput => ({
    tag: Tag.BASE_TYPE,
    label,
    attributes: [
      [At.NAME, Form.STRP, name],
      [At.BYTE_SIZE, Form.DATA1, size],
      [At.ENCODING, Form.DATA1, encoding],
    ],
  });
  const parameter = (label: string, type: string): EntryInput => ({
    tag: Tag.FORMAL_PARAMETER,
    label,
    attributes: [
      [At.NAME, Form.STRP, label],
      [At.TYPE, Form.REF4, { label: type }],
    ],
  });
  const twice: EntryInput = {
    tag: Tag.SUBPROGRAM,
    label: 'twice',
    attributes: [
      [At.NAME, Form.STRP, 'twice'],
      [At.TYPE, Form.REF4, { label: 'int' }],
    ],
    children: [parameter('n', 'int'), parameter('m', 'long')],
  };
  const caller: EntryInput = {
    tag: Tag.SUBPROGRAM,
    attributes: [
      [At.NAME, Form.STRP, 'caller'],
      [At.LOW_PC, Form.ADDR, pc(0)],
      [At.HIGH_PC, Form.DATA8, 0x40],
      [At.FRAME_BASE, Form.EXPRLOC, Uint8Array.of(Op.CALL_FRAME_CFA)],
    ],
    children: calls,
  };
  const sections = buildDwarf({
    units: [
      {
        root: {
          tag: Tag.COMPILE_UNIT,
          attributes: [[At.LOW_PC, Form.ADDR, pc(0)]],
          children: [base('int', 'int', 4, 5), base('long', 'long int', 8, 5), twice, caller],
        },
      },
    ],
  });
  return {
    ...sections,
    '.debug_loclists': locations.finish(),
    '.debug_rnglists': ranges,
    '.debug_frame': frameSection(),
  };
}

/** `.text` of the sample, for buildImage. */
export const codeSection: ImageSection = {
  name: '.text',
  flags: 6,
  address: CODE,
  bytes: new Uint8Array(0x100),
};

/** A call of `twice` that begins at an offset from CODE; `parameters` by name. */
export function callOf(
  offset: number,
  parameters: Readonly<Record<string, EntryInput['attributes']>>,
  more: Partial<EntryInput> & { readonly view?: number } = {},
): EntryInput {
  const { attributes = [], children = [], view } = more;
  return {
    tag: Tag.INLINED_SUBROUTINE,
    attributes: [
      [At.ABSTRACT_ORIGIN, Form.REF4, { label: 'twice' }],
      [At.ENTRY_PC, Form.ADDR, pc(offset)],
      ...(view === undefined ? [] : [[At.GNU_ENTRY_VIEW, Form.DATA1, view] as const]),
      ...attributes,
    ],
    children: [
      ...Object.entries(parameters).map(([label, own = []]) => ({
        tag: Tag.FORMAL_PARAMETER,
        attributes: [[At.ABSTRACT_ORIGIN, Form.REF4, { label }] as const, ...own],
      })),
      ...children,
    ],
  };
}

/** The range of an entry, as low_pc and high_pc. */
export function lies(begin: number, length: number): NonNullable<EntryInput['attributes']> {
  return [
    [At.LOW_PC, Form.ADDR, pc(begin)],
    [At.HIGH_PC, Form.DATA8, length],
  ];
}
