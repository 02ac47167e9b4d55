import { ByteWriter } from '@btf-depot/bytes';
import { RelocationKind } from '../core/relocations.ts';
import type { BtfBuilder } from '../wire/builder.ts';

export type WantedRelocation = readonly [
  kind: keyof typeof RelocationKind,
  type: number,
  access: string,
];

/** A BPF object's `.BTF.ext`: relocations of one section. Their strings go into `b`. */
export function coreExt(
  b: BtfBuilder,
  wanted: readonly WantedRelocation[],
  recordSize = 16,
): Uint8Array {
  const records = new ByteWriter('little').u32(recordSize).u32(0).u32(wanted.length);
  for (const [kind, type, access] of wanted) {
    records.u32(0).u32(type).u32(b.string(access)).u32(RelocationKind[kind]);
    records.zeros(recordSize - 16);
  }
  const bytes = records.finish();
  return new ByteWriter('little')
    .u16(0xeb9f)
    .u16(1)
    .u32(32)
    .zeros(16)
    .u32(0)
    .u32(bytes.length)
    .bytes(bytes)
    .finish();
}
