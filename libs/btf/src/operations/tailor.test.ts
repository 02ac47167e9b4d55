import { FormatError } from '@btf-depot/bytes';
import { describe, expect, it } from 'vitest';
import {
  addArray,
  addComposite,
  addEnum,
  addInt,
  addPointer,
  addTypedef,
  BtfBuilder,
  dumpRaw,
  Kind,
  parseBtf,
  tailorBtf,
  type Btf,
} from '../index.ts';
import { coreExt, type WantedRelocation } from '../testing/index.ts';

/** The kernel: task { <anonymous union> { mm, active }; pid; comm[16] }, mm { pgd; flags:3 }. */
function kernel(): Btf {
  const b = new BtfBuilder();
  const int = addInt(b, 'int', 4, 1);
  const char = addInt(b, 'char', 1, 1);
  const mm = addComposite(b, Kind.STRUCT, 'mm', 16, [
    { name: 'pgd', type: int, bitOffset: 0, bitSize: 0 },
    { name: 'flags', type: int, bitOffset: 64, bitSize: 3 },
  ]);
  const pointer = addPointer(b, mm);
  const union = addComposite(b, Kind.UNION, '', 8, [
    { name: 'mm', type: pointer, bitOffset: 0 },
    { name: 'active', type: int, bitOffset: 0 },
  ]);
  addComposite(b, Kind.STRUCT, 'task', 32, [
    { name: '', type: union, bitOffset: 0 },
    { name: 'pid', type: addTypedef(b, 'pid_t', int), bitOffset: 64 },
    { name: 'comm', type: addArray(b, char, int, 16), bitOffset: 128 },
  ]);
  addEnum(b, 'state', 4, false, [
    ['IDLE', 1n],
    ['BUSY', 2n],
  ]);
  addComposite(b, Kind.STRUCT, 'unused', 4, [{ name: 'n', type: int, bitOffset: 0 }]);
  return b.toBtf();
}

const target = kernel();

/** The object's types: the same task without the union, in a flavour of its own. */
function object(wanted: readonly WantedRelocation[]) {
  const b = new BtfBuilder();
  const int = addInt(b, 'int', 4, 1);
  const mm = addComposite(b, Kind.STRUCT, 'mm', 8, [{ name: 'flags', type: int, bitOffset: 0 }]);
  const array = addArray(b, int, int, 4);
  addComposite(b, Kind.STRUCT, 'task___mine', 32, [
    { name: 'comm', type: addArray(b, addInt(b, 'char', 1, 1), int, 4), bitOffset: 0 },
    { name: 'mm', type: addPointer(b, mm), bitOffset: 64 },
    { name: 'gone', type: array, bitOffset: 128 },
    { name: 'pid', type: addPointer(b, int), bitOffset: 192 },
  ]);
  addEnum(b, 'state', 4, false, [
    ['NEW', 7n],
    ['BUSY', 9n],
  ]);
  const bytes = coreExt(b, wanted);
  return { btf: b.toBtf(), ext: bytes };
}

const task = object([]).btf.find('task___mine') ?? 0;
const state = object([]).btf.find('state') ?? 0;

const tailor = (...wanted: readonly WantedRelocation[]): string[] =>
  Buffer.from(dumpRaw(parseBtf(tailorBtf(target, [object(wanted)]))))
    .toString()
    .trim()
    .split('\n');

describe('tailoring keeps', () => {
  it('the members of a field access, through anonymous ones and flavours', () => {
    expect(tailor(['FIELD_BYTE_OFFSET', task, '0:1'], ['FIELD_BYTE_SIZE', 2, '0:0'])).toEqual([
      "[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED",
      "[2] STRUCT 'mm' size=16 vlen=1",
      "\t'flags' type_id=1 bits_offset=64 bitfield_size=3",
      "[3] PTR '(anon)' type_id=2",
      "[4] UNION '(anon)' size=8 vlen=1",
      "\t'mm' type_id=3 bits_offset=0",
      "[5] STRUCT 'task' size=32 vlen=1",
      "\t'(anon)' type_id=4 bits_offset=0",
    ]);
  });

  it('arrays whole, and pointers as void * where what they point to is not needed', () => {
    const text = tailor(['FIELD_EXISTS', task, '0:0:3'], ['FIELD_EXISTS', task, '0:1']);
    expect(text).toContain("\t'comm' type_id=5 bits_offset=128");
    expect(text).toContain("[3] PTR '(anon)' type_id=0");
  });

  it('types, and enums with all of their values', () => {
    expect(tailor(['TYPE_SIZE', task, '0'])).toEqual(["[1] STRUCT 'task' size=32 vlen=0"]);
    expect(tailor(['ENUMVAL_VALUE', state, '1'])).toEqual([
      "[1] ENUM 'state' encoding=UNSIGNED size=4 vlen=2",
      "\t'IDLE' val=1",
      "\t'BUSY' val=2",
    ]);
    const whole = tailor(['TYPE_MATCHES', task, '0']);
    expect(whole).toContain("[3] STRUCT 'mm' size=16 vlen=0");
    expect(whole).toContain("\t'active' type_id=1 bits_offset=0");
  });

  it('nothing of local or missing types', () => {
    const nothing = tailor(
      ['TYPE_ID_LOCAL', task, '0'],
      ['FIELD_EXISTS', task, '0:2'],
      ['FIELD_EXISTS', task, '0:3'],
      ['ENUMVAL_EXISTS', state, '0'],
    );
    expect(nothing).toEqual(['']);
  });

  it('what several objects need together', () => {
    const objects = [object([['TYPE_EXISTS', task, '0']]), object([['TYPE_EXISTS', 2, '0']])];
    expect(parseBtf(tailorBtf(target, objects)).typeCount).toBe(2);
  });
});

describe('broken relocations', () => {
  const code = (...wanted: readonly WantedRelocation[]): string | undefined => {
    try {
      tailor(...wanted);
    } catch (error) {
      return error instanceof FormatError ? error.code : String(error);
    }
    return undefined;
  };

  it.each([
    ['FIELD_EXISTS', 999, '0'],
    ['FIELD_EXISTS', task, '0:x'],
    ['FIELD_EXISTS', task, '0:9'],
    ['FIELD_EXISTS', task, Array.from({ length: 70 }, () => '0').join(':')],
  ] as WantedRelocation[])('%s of type %d with access %s are refused', (...wanted) => {
    expect(code(wanted)).toMatch(/^btf-(ext|type-id)$/);
  });

  it('and cut sections too', () => {
    const { btf, ext: bytes } = object([['TYPE_EXISTS', task, '0']]);
    for (let length = 0; length < bytes.length; length++) {
      const cut = bytes.subarray(0, length);
      expect(() => tailorBtf(target, [{ btf, ext: cut }])).toThrow(FormatError);
    }
  });
});
