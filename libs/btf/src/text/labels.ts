import { Kind } from '../kinds.ts';

// bpftool's words for numbers, in both of its formats.

export function encodingLabel(encoding: number): string {
  return ['(none)', 'SIGNED', 'CHAR', undefined, 'BOOL'][encoding] ?? 'UNKN';
}

export function linkageLabel(linkage: number): string {
  return ['static', 'global', 'extern'][linkage] ?? '(unknown)';
}

/** The value of an ENUM64 element. */
export function enum64Value(low: number, high: number, signed: boolean): bigint {
  const value = (BigInt(high) << 32n) | BigInt(low);
  return signed ? BigInt.asIntN(64, value) : value;
}

/** Key and label of the third word of kinds that are only a reference. */
export function isPlainReference(kind: number): boolean {
  return (
    kind === Kind.PTR ||
    kind === Kind.TYPEDEF ||
    kind === Kind.CONST ||
    kind === Kind.VOLATILE ||
    kind === Kind.RESTRICT ||
    kind === Kind.TYPE_TAG
  );
}
