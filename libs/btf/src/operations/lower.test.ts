import { describe, expect, it } from 'vitest';
import {
  addDeclTag,
  addEnum,
  addFloat,
  addFunction,
  addFunctionProto,
  addInt,
  addPointer,
  addTypedef,
  addTypeTag,
  BtfBuilder,
  builtinLayouts,
  dumpRaw,
  Kind,
  lowerBtf,
  parseBtf,
  parseKernelVersion,
  verifyBtf,
} from '../index.ts';

function types(): BtfBuilder {
  const b = new BtfBuilder({ layouts: builtinLayouts() });
  const int = addInt(b, 'int', 4, 1);
  addEnum(b, 'wide', 8, false, [['A', 0x1_0000_0002n]]);
  addEnum(b, 'sign', 4, true, [['B', -1n]]);
  addFloat(b, 'double', 8);
  addDeclTag(b, 'kfunc', addFunction(b, 'f', addFunctionProto(b, 0, []), 1), -1);
  addPointer(b, addTypeTag(b, 'user', addTypeTag(b, 'rcu', int)));
  addTypedef(b, 'last', int);
  return b;
}

const lower = (b: BtfBuilder, release: string) => lowerBtf(b.toBtf(), parseKernelVersion(release));

describe('bringing BTF down', () => {
  it.each(['5.4', '5.13', '5.16', '5.17', '6.0', '6.12', '7.1', '7.2'])(
    'makes what Linux %s takes',
    (release) => {
      const kernel = parseKernelVersion(release);
      expect(verifyBtf(lower(types(), release), { kernel, checks: 'load' })).toEqual([]);
    },
  );

  it('replaces what has a counterpart and drops tags, ids following', () => {
    const text = Buffer.from(dumpRaw(parseBtf(lower(types(), '5.4')))).toString();
    expect(text.split('\n')).toEqual([
      "[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED",
      "[2] ENUM 'wide' encoding=UNSIGNED size=8 vlen=1",
      "\t'A' val=2",
      "[3] ENUM 'sign' encoding=UNSIGNED size=4 vlen=1",
      "\t'B' val=4294967295",
      "[4] STRUCT 'double' size=8 vlen=0",
      "[5] FUNC_PROTO '(anon)' ret_type_id=0 vlen=0",
      "[6] FUNC 'f' type_id=5 linkage=global",
      "[7] PTR '(anon)' type_id=1",
      "[8] TYPEDEF 'last' type_id=1",
      '',
    ]);
  });

  it('changes nothing for a kernel that takes all of it', () => {
    expect(lower(types(), '7.2')).toEqual(types().finish());
  });

  it('refuses a type without counterpart, by its name', () => {
    const b = types();
    const many = Array.from({ length: 65_536 }, (_, i) => [`V${i}`, 0n] as const);
    addEnum(b, 'many', 4, false, many);
    expect(() => lower(b, '7.1')).toThrow(/ENUM many: Linux 7\.1 takes 65535 elements/);
    const sites = new BtfBuilder();
    sites.add({ kind: Kind.LOC_PROTO });
    expect(() => lower(sites, '7.2')).toThrow(expect.objectContaining({ code: 'btf-kernel' }));
    const cycle = new BtfBuilder();
    addTypeTag(cycle, 'a', 1);
    addPointer(cycle, 1);
    expect(() => lower(cycle, '5.4')).toThrow(/cycle/);
  });
});
