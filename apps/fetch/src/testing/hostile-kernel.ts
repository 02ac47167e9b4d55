import {
  addComposite,
  addInt,
  addSection,
  addVariable,
  BtfBuilder,
  IntEncoding,
  Kind,
} from '@btf-depot/btf';

/** More static variables of one name than any kernel has, each with a long C type. */
export const TWINS = 4000;

/** BTF with `twin`, 4000 times, and `plain`, an int. */
export function hostileKernel(members = 100): Uint8Array {
  const b = new BtfBuilder();
  const int = addInt(b, 'int', 4, IntEncoding.SIGNED);
  const struct = addComposite(
    b,
    Kind.STRUCT,
    'long_one',
    members * 4,
    Array.from({ length: members }, (_, at) => ({
      name: `a_member_with_a_long_name_${at}`,
      type: int,
      bitOffset: at * 32,
    })),
  );
  const size = members * 4;
  const entries = Array.from({ length: TWINS }, (_, at) => ({
    type: addVariable(b, 'twin', struct, 0),
    offset: at * size,
    size,
  }));
  const plain = addVariable(b, 'plain', int, 1);
  entries.push({ type: plain, offset: TWINS * size, size: 4 });
  addSection(b, '.data', TWINS * size + 4, entries);
  return b.finish();
}
