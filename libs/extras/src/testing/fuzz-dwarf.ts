import { bytesSource, FormatError } from '@btf-depot/bytes';
import { addInt, BtfBuilder, verifyBtf } from '@btf-depot/btf';
import { At, Form, Tag } from '@btf-depot/dwarf';
import { buildDwarf, buildImage, mutate, type EntryInput } from '@btf-depot/dwarf/testing';
import { encodeTypes } from '../core-from-dwarf/encode-types.ts';
import { variablesFromDwarf } from '../from-dwarf/variables-from-dwarf.ts';

const DATA = 0xffff_ffff_8100_0000n;

function place(offset: number): Uint8Array {
  const bytes = new Uint8Array(9);
  bytes[0] = 0x03;
  new DataView(bytes.buffer).setBigUint64(1, DATA + BigInt(offset), true);
  return bytes;
}

const reference = (tag: number, label: string, type: string, name?: string): EntryInput => ({
  tag,
  label,
  attributes: [
    ...(name === undefined ? [] : [[At.NAME, Form.STRP, name] as const]),
    [At.TYPE, Form.REF4, { label: type }],
  ],
});

const variable = (name: string, type: string, offset: number): EntryInput => ({
  tag: Tag.VARIABLE,
  attributes: [
    [At.NAME, Form.STRP, name],
    [At.TYPE, Form.REF4, { label: type }],
    [At.LOCATION, Form.EXPRLOC, place(offset)],
  ],
});

const member = (name: string, type: string, offset: number, bits = 0): EntryInput => ({
  tag: Tag.MEMBER,
  attributes: [
    [At.NAME, Form.STRP, name],
    [At.TYPE, Form.REF4, { label: type }],
    ...(bits > 0
      ? ([
          [At.BIT_SIZE, Form.DATA1, bits],
          [At.DATA_BIT_OFFSET, Form.UDATA, offset],
        ] as const)
      : ([[At.DATA_MEMBER_LOCATION, Form.UDATA, offset]] as const)),
  ],
});

/** One type of each kind, in cycles. */
const children: EntryInput[] = [
  {
    tag: Tag.BASE_TYPE,
    label: 'int',
    attributes: [
      [At.NAME, Form.STRP, 'int'],
      [At.BYTE_SIZE, Form.DATA1, 4],
      [At.ENCODING, Form.DATA1, 5],
    ],
  },
  {
    tag: Tag.STRUCTURE_TYPE,
    label: 'node',
    attributes: [
      [At.NAME, Form.STRP, 'node'],
      [At.BYTE_SIZE, Form.DATA1, 24],
    ],
    children: [
      member('next', 'pointer', 0),
      member('low', 'int', 64, 3),
      member('inner', 'unnamed', 12),
      member('name', 'array', 16),
    ],
  },
  {
    tag: Tag.UNION_TYPE,
    label: 'unnamed',
    attributes: [[At.BYTE_SIZE, Form.DATA1, 4]],
    children: [member('number', 'int', 0), member('mode', 'mode', 0)],
  },
  {
    tag: Tag.ENUMERATION_TYPE,
    label: 'mode',
    attributes: [
      [At.NAME, Form.STRP, 'mode'],
      [At.BYTE_SIZE, Form.DATA1, 4],
    ],
    children: [
      {
        tag: Tag.ENUMERATOR,
        attributes: [
          [At.NAME, Form.STRP, 'OFF'],
          [At.CONST_VALUE, Form.SDATA, -1],
        ],
      },
    ],
  },
  {
    ...reference(Tag.ARRAY_TYPE, 'array', 'int'),
    children: [{ tag: Tag.SUBRANGE_TYPE, attributes: [[At.UPPER_BOUND, Form.DATA1, 1]] }],
  },
  reference(Tag.POINTER_TYPE, 'pointer', 'node'),
  reference(Tag.TYPEDEF, 'node_t', 'node', 'node_t'),
  {
    ...reference(Tag.SUBROUTINE_TYPE, 'function', 'int'),
    children: [
      reference(Tag.FORMAL_PARAMETER, 'parameter', 'pointer'),
      { tag: Tag.UNSPECIFIED_PARAMETERS },
    ],
  },
  reference(Tag.POINTER_TYPE, 'callback', 'function'),
  variable('head', 'node_t', 0),
  variable('compare', 'callback', 24),
  variable('number', 'int', 32),
];

const original = buildDwarf({ units: [{ root: { tag: Tag.COMPILE_UNIT, children } }] });

function coreOf() {
  const b = new BtfBuilder();
  addInt(b, 'int', 4, 1);
  return b.toBtf();
}

function read(sections: typeof original): number {
  const data = { name: '.data', flags: 2, address: DATA, bytes: new Uint8Array(0x100) };
  const core = coreOf();
  const image = bytesSource(buildImage(sections, [data]));
  const types = encodeTypes(image).bytes;
  if (types.length >= 10_000) throw new Error(`${types.length} bytes of types come out`);
  verifyBtf(types);
  const { bytes, variables } = variablesFromDwarf(image, core);
  if (bytes.length >= 10_000) throw new Error(`${bytes.length} bytes come out`);
  // Lies about names or members must not pass: ingest refuses them.
  verifyBtf(bytes, { base: core });
  return variables;
}

export interface DwarfFuzzReport {
  /** Mutations that were read, and those that were refused. */
  readonly values: number;
  readonly errors: number;
  /** Milliseconds of the longest run. */
  readonly milliseconds: number;
}

/**
 * Reads mutations of debug information with every kind of type. Throws with the seed if one gives
 * anything but variables or a FormatError.
 */
export function fuzzDwarf({ seed, runs }: { seed: number; runs: number }): DwarfFuzzReport {
  const names = ['.debug_info', '.debug_abbrev', '.debug_str'];
  let [values, errors, milliseconds] = [0, 0, 0];
  for (let one = seed + 1; one <= seed + runs; one++) {
    const before = performance.now();
    try {
      read(mutate(original, one, names, true));
      values++;
    } catch (error) {
      if (!(error instanceof FormatError)) throw new Error(`seed ${one}`, { cause: error });
      errors++;
    }
    milliseconds = Math.max(milliseconds, performance.now() - before);
  }
  return { values, errors, milliseconds };
}
