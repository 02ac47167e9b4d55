import { VERSION } from '@btf-depot/contracts/version';

/**
 * The software that split and packed: part of every source entry of a record. An upload that this
 * encoder has split before is not split again, so raise the version whenever its output changes.
 */
export const ENCODER = `btf-depot ${VERSION}`;

/**
 * Whether an encoder has an earlier version than the one given. False for another name or none:
 * their versions cannot be compared.
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
