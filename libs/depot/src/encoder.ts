import { VERSION } from '@btf-depot/contracts/version';

/**
 * Who split and packed: part of every source entry of a record. An upload that the same encoder
 * has split before is known and not split again, so raise it whenever its output changes.
 */
export const ENCODER = `btf-depot ${VERSION}`;

/**
 * Whether an encoder is of an earlier version than the one given. One of another name, or none, is
 * not: nobody knows what its versions mean.
 * @param before three numbers, `0.2.0`.
 */
export function isOlderEncoder(encoder: string, before: string): boolean {
  const [name = '', version = ''] = encoder.split(' ');
  const [own, other] = [numbersOf(version), numbersOf(before)];
  if (name !== ENCODER.split(' ')[0] || !own || !other) return false;
  const at = own.findIndex((number, index) => number !== other[index]);
  return at >= 0 && (own[at] ?? 0) < (other[at] ?? 0);
}

function numbersOf(version: string): number[] | undefined {
  return /^(\d{1,6})\.(\d{1,6})\.(\d{1,6})$/.exec(version)?.slice(1).map(Number);
}
