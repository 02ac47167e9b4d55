import { FormatError } from '@btf-depot/bytes';
import { Kind } from '../kinds.ts';
import type { Btf } from '../wire/btf.ts';

/** One step of an access, in a form that another BTF can match. */
export type AccessStep =
  | { readonly member: string; readonly type: number }
  /** Index into an array; the first step is the index behind the pointer. */
  | { readonly index: number };

/** Most numbers in an access string (libbpf's BPF_CORE_SPEC_MAX_LEN). */
const MAX_STEPS = 64;

/** The numbers of `0:1:2`. Throws FormatError `btf-ext`. */
export function parseAccess(text: string): number[] {
  const parts = text.split(':');
  const numbers = parts.map((part) => (/^\d{1,10}$/.test(part) ? Number(part) : -1));
  if (parts.length > MAX_STEPS || numbers.includes(-1)) {
    throw new FormatError('btf-ext', `access string ${JSON.stringify(text.slice(0, 80))}`);
  }
  return numbers;
}

/**
 * A field access of an object by names. Anonymous members are left out, since they may be arranged
 * otherwise elsewhere. Throws FormatError `btf-ext` if the string does not fit the types.
 */
export function fieldAccess(btf: Btf, root: number, numbers: readonly number[]): AccessStep[] {
  const steps: AccessStep[] = [{ index: numbers[0] }];
  let type = root;
  for (const number of numbers.slice(1)) {
    const plain = btf.resolve(type) ?? 0;
    const kind = btf.kind(plain);
    if ((kind === Kind.STRUCT || kind === Kind.UNION) && number < btf.vlen(plain)) {
      type = btf.tail(plain, number * 3 + 1);
      const name = btf.string(btf.tail(plain, number * 3));
      if (name !== '') steps.push({ member: name, type });
    } else if (kind === Kind.ARRAY) {
      type = btf.tail(plain, 0);
      steps.push({ index: number });
    } else {
      throw new FormatError('btf-ext', `access ${numbers.join(':')} does not fit type ${root}`, {
        section: btf.section,
      });
    }
  }
  return steps;
}
