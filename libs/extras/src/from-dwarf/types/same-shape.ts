import { Kind, memberAt } from '@btf-depot/btf';
import { MEMBER, type CompositeShape, type EnumShape } from './describe.ts';
import type { TypeTable } from './type-table.ts';

/**
 * Whether a type of core has this kind, size, members and offsets; types of members are not
 * compared.
 */
export function sameComposite(table: TypeTable, id: number, shape: CompositeShape): boolean {
  const { core, names } = table;
  const { members, hasBitFields } = shape;
  const count = members.length / MEMBER;
  if (core.kind(id) !== shape.kind || core.sizeOrType(id) !== shape.size) return false;
  if (core.vlen(id) !== count) return false;
  // Without the flag, the INT types of bit fields give offset and width.
  if (hasBitFields && !core.kflag(id)) return sameOldBitFields(table, id, members);
  const { words, positions } = core;
  const packs = core.kflag(id);
  let at = positions[id - core.firstId] + 3;
  for (let i = 0; i < members.length; i += MEMBER, at += 3) {
    const place = packs ? ((members[i + 2] << 24) | members[i + 1]) >>> 0 : members[i + 1];
    if (words[at + 2] !== place) return false;
    if (names.ofCore(words[at]) !== members[i]) return false;
  }
  return true;
}

function sameOldBitFields({ core, names }: TypeTable, id: number, members: readonly number[]) {
  for (let i = 0; i < members.length; i += MEMBER) {
    const { name, bitOffset, bitSize } = memberAt(core, id, i / MEMBER);
    if (names.ofCore(name) !== members[i] || bitOffset !== members[i + 1]) return false;
    if (bitSize !== 0 && bitSize !== members[i + 2]) return false;
  }
  return true;
}

/** Whether a type of core is the enumeration; without ENUM64, its values are truncated. */
export function sameEnum(table: TypeTable, id: number, shape: EnumShape): boolean {
  const { core, names } = table;
  const kind = core.kind(id);
  if (kind !== Kind.ENUM && kind !== Kind.ENUM64) return false;
  if (core.sizeOrType(id) !== shape.size || core.vlen(id) !== shape.values.length) return false;
  const stride = kind === Kind.ENUM64 ? 3 : 2;
  return shape.values.every((value, i) => {
    const at = i * stride;
    if (names.ofCore(core.tail(id, at)) !== shape.names[i]) return false;
    if (core.tail(id, at + 1) !== lowWord(value)) return false;
    return stride === 2 || core.tail(id, at + 2) === highWord(value);
  });
}

export function lowWord(value: bigint): number {
  return Number(BigInt.asUintN(32, value));
}

export function highWord(value: bigint): number {
  return Number(BigInt.asUintN(32, value >> 32n));
}
