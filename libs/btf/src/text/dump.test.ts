import { describe, expect, it } from 'vitest';
import {
  addArray,
  addComposite,
  addDeclTag,
  addEnum,
  addFloat,
  addForward,
  addFunction,
  addFunctionProto,
  addInt,
  addPointer,
  addSection,
  addTypeTag,
  addVariable,
  BtfBuilder,
  dumpJson,
  dumpRaw,
  Kind,
} from '../index.ts';

// bpftool 7.1's output for the same bytes.
const b = new BtfBuilder();
const int = addInt(b, 'int', 4, 1);
addInt(b, 'odd', 1, 3);
addFunction(
  b,
  'f',
  addFunctionProto(b, 0, [
    ['', int],
    ['', 0],
  ]),
  2,
);
const variable = addVariable(b, 'v', int, 0);
addForward(b, 'u', true);
addEnum(b, 'e', 4, true, [['A', -1n]]);
addEnum(b, 'e4', 4, false, [['B', 0xffffffffn]]);
addEnum(b, 'e64', 8, true, [['C', -1n]]);
addEnum(b, 'e64u', 8, false, [['D', 0xffffffffffffffffn]]);
addDeclTag(b, 't', variable, -1);
addTypeTag(b, 'tt', int);
addFloat(b, 'f', 4);
addSection(b, '.x', 8, [{ type: variable, offset: 0, size: 4 }]);
addComposite(b, Kind.STRUCT, 's', 8, [
  { name: 'a', type: int, bitOffset: 0, bitSize: 3 },
  { name: '', type: int, bitOffset: 32, bitSize: 0 },
]);
addArray(b, addPointer(b, int), int, 0);

const base = b.toBtf();
const split = new BtfBuilder({ base });
addSection(split, '.z', 8, [{ type: addVariable(split, 'v', int, 1), offset: 0, size: 4 }]);

describe('a dump is what bpftool prints', () => {
  it('as text', () => {
    expect(Buffer.from(dumpRaw(base)).toString().split('\n')).toEqual([
      "[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED",
      "[2] INT 'odd' size=1 bits_offset=0 nr_bits=8 encoding=UNKN",
      "[3] FUNC_PROTO '(anon)' ret_type_id=0 vlen=2",
      "\t'(anon)' type_id=1",
      "\t'(anon)' type_id=0",
      "[4] FUNC 'f' type_id=3 linkage=extern",
      "[5] VAR 'v' type_id=1, linkage=static",
      "[6] FWD 'u' fwd_kind=union",
      "[7] ENUM 'e' encoding=SIGNED size=4 vlen=1",
      "\t'A' val=-1",
      "[8] ENUM 'e4' encoding=UNSIGNED size=4 vlen=1",
      "\t'B' val=4294967295",
      "[9] ENUM64 'e64' encoding=SIGNED size=8 vlen=1",
      "\t'C' val=-1LL",
      "[10] ENUM64 'e64u' encoding=UNSIGNED size=8 vlen=1",
      "\t'D' val=18446744073709551615ULL",
      "[11] DECL_TAG 't' type_id=5 component_idx=-1",
      "[12] TYPE_TAG 'tt' type_id=1",
      "[13] FLOAT 'f' size=4",
      "[14] DATASEC '.x' size=8 vlen=1",
      "\ttype_id=5 offset=0 size=4 (VAR 'v')",
      "[15] STRUCT 's' size=8 vlen=2",
      "\t'a' type_id=1 bits_offset=0 bitfield_size=3",
      "\t'(anon)' type_id=1 bits_offset=32",
      "[16] PTR '(anon)' type_id=1",
      "[17] ARRAY '(anon)' type_id=16 index_type_id=1 nr_elems=0",
      '',
    ]);
  });

  it('as JSON', () => {
    const json = [...dumpJson(base)].join('');
    expect(json.startsWith('{"types":[{"id":1,"kind":"INT","name":"int","size":4,')).toBe(true);
    expect(json).toContain(
      '"kind":"ENUM","name":"e4","encoding":"UNSIGNED","size":4,"vlen":1,"values":[{"name":"B","val":18446744073709551615}]}',
    );
    expect(json).toContain(
      '"members":[{"name":"a","type_id":1,"bits_offset":0,"bitfield_size":3},{"name":"(anon)","type_id":1,"bits_offset":32}]}',
    );
    expect(json.endsWith(']}\n')).toBe(true);
  });

  it('of split BTF only its own types, with strings of the base', () => {
    const btf = split.toBtf();
    expect(Buffer.from(dumpRaw(btf)).toString()).toBe(
      "[18] VAR 'v' type_id=1, linkage=global\n[19] DATASEC '.z' size=8 vlen=1\n\ttype_id=18 offset=0 size=4 (VAR 'v')\n",
    );
    expect([...dumpJson(btf)].join('')).toBe(
      '{"types":[{"id":18,"kind":"VAR","name":"v","type_id":1,"linkage":"global"},{"id":19,"kind":"DATASEC","name":".z","size":8,"vlen":1,"vars":[{"type_id":18,"offset":0,"size":4}]}]}\n',
    );
  });
});

describe('hostile names', () => {
  it('stay inside their JSON string', () => {
    const hostile = new BtfBuilder();
    addForward(hostile, '"},\\\n\x01\xe9', false);
    const parsed = JSON.parse([...dumpJson(hostile.toBtf())].join('')) as {
      types: { name: string }[];
    };
    expect(parsed.types[0].name).toBe('"},\\\n\x01\xe9');
  });
});
