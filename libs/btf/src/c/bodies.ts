import { Kind } from '../kinds.ts';
import type { Btf } from '../wire/btf.ts';
import type { CompositeLayouts, PlannedMember } from './composite-layout.ts';
import { identifier } from './identifiers.ts';

/** Services of the printer of declarations for bodies. */
interface BodyWriter {
  readonly btf: Btf;
  readonly layouts: CompositeLayouts;
  readonly enumeratorOf: (nameOffset: number) => string;
  readonly spend: (text: string) => string;
  readonly declare: (id: number, name: string, level: number, nesting: number) => string;
}

/** `struct name {\n…}` with its attributes; `head` is the text before the brace. */
export function bodyOf(
  writer: BodyWriter,
  id: number,
  head: string,
  level: number,
  nesting: number,
): string {
  const plan = writer.layouts.plan(id);
  const indent = '\t'.repeat(level + 1);
  const lines: string[] = [];
  for (const member of plan.members) {
    padding(writer, lines, indent, member.paddingAt, member.paddingBits, plan.align);
    lines.push(`${indent}${memberOf(writer, member, level + 1, nesting)};`);
  }
  padding(writer, lines, indent, plan.trailingAt, plan.trailingBits, plan.align);
  if (plan.filler > 0) lines.push(`${indent}unsigned char __filler[${plan.filler}];`);
  const attributes = [
    ...(plan.packed ? [' __attribute__((packed))'] : []),
    ...(plan.aligned ? [` __attribute__((aligned(${plan.align})))`] : []),
  ].join('');
  if (lines.length === 0) return writer.spend(`${head} {}${attributes}`);
  return writer.spend(`${head} {\n${lines.join('\n')}\n${'\t'.repeat(level)}}${attributes}`);
}

function memberOf(
  writer: BodyWriter,
  member: PlannedMember,
  level: number,
  nesting: number,
): string {
  const { btf } = writer;
  const { name, type, bitSize } = member;
  if (name === 0 && bitSize === 0) {
    // In plain C a named struct as an unnamed member (-fms-extensions) declares nothing: its
    // members are written out.
    const plain = btf.resolve(type);
    const kind = plain === undefined ? 0 : btf.kind(plain);
    if (plain !== undefined && (kind === Kind.STRUCT || kind === Kind.UNION)) {
      return bodyOf(writer, plain, kind === Kind.UNION ? 'union' : 'struct', level, nesting + 1);
    }
  }
  const declared = name === 0 ? '' : identifier(btf.string(name));
  const text = writer.declare(type, declared, level, nesting + 1);
  return bitSize === 0 ? text : `${text}${name === 0 ? ' ' : ''}: ${bitSize}`;
}

/**
 * Unnamed bit fields from bit `at` on; each stays inside a unit that does not raise the alignment.
 */
function padding(
  writer: BodyWriter,
  lines: string[],
  indent: string,
  at: number,
  bits: number,
  align: number,
): void {
  // Long runs use longs at any alignment: BPF and x86 do not align for unnamed fields.
  const unit = bits > 512 ? 64 : Math.min(align, 8) * 8;
  const type = { 8: 'char', 16: 'short', 32: 'int', 64: 'long long' }[unit] ?? 'char';
  for (let left = bits; left > 0;) {
    const width = Math.min(left, unit - (at % unit));
    // A forged size may request gigabytes of padding: each line counts before it is kept.
    lines.push(writer.spend(`${indent}${type} : ${width};`));
    at += width;
    left -= width;
  }
}

/** `enum name {\n…}`, with the mode that gives it its size. */
export function enumBodyOf(writer: BodyWriter, id: number, head: string, level: number): string {
  const { btf } = writer;
  const wide = btf.kind(id) === Kind.ENUM64;
  const signed = btf.kflag(id);
  const indent = '\t'.repeat(level + 1);
  const stride = wide ? 3 : 2;
  const lines = Array.from({ length: btf.vlen(id) }, (_, index) => {
    const name = writer.enumeratorOf(btf.tail(id, index * stride));
    const low = btf.tail(id, index * stride + 1);
    const value = wide ? (BigInt(btf.tail(id, index * stride + 2)) << 32n) | BigInt(low) : low;
    return `${indent}${name} = ${enumValue(value, signed)},`;
  });
  const size = btf.sizeOrType(id);
  const mode = size === 8 && hasLargeValue(btf, id) ? undefined : MODES[size];
  const attribute = mode === undefined ? '' : ` __attribute__((mode(${mode})))`;
  if (lines.length === 0) return writer.spend(`${head} { __empty_enum_${id} }${attribute}`);
  return writer.spend(`${head} {\n${lines.join('\n')}\n${'\t'.repeat(level)}}${attribute}`);
}

/** GNU machine modes of enums that are not an int. */
const MODES: Readonly<Record<number, string>> = { 1: 'byte', 2: 'HI', 8: 'word' };

function enumValue(value: number | bigint, signed: boolean): string {
  if (typeof value === 'number') return String(signed ? value | 0 : value);
  if (!signed) return `${value}ULL`;
  const number = BigInt.asIntN(64, value);
  // No literal of C reaches the least value.
  return number === -(1n << 63n) ? '(-9223372036854775807LL - 1)' : `${number}LL`;
}

/** Whether a value needs more than 32 bits, so that the compiler itself gives the enum 8 bytes. */
function hasLargeValue(btf: Btf, id: number): boolean {
  const signed = btf.kflag(id);
  for (let index = 0; index < btf.vlen(id); index++) {
    const low = btf.tail(id, index * 3 + 1);
    const extended = signed && low >>> 31 === 1 ? 0xffffffff : 0;
    if (btf.kind(id) === Kind.ENUM64 && btf.tail(id, index * 3 + 2) !== extended) return true;
  }
  return false;
}
