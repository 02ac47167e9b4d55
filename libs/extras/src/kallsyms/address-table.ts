import type { NameTable } from './name-table.ts';
import type { TokenTable } from './token-table.ts';

/** How an image stores its symbols' addresses. */
export type AddressForm =
  /** Plain addresses: until Linux 4.6, and on some architectures until 6.11. */
  | 'absolute'
  /** 32 bits from a base, which is the lowest address. */
  | 'base-relative'
  /** The same downwards from the base, but per-CPU variables as they are. */
  | 'absolute-percpu'
  /** 32 bits from the place of each entry: since Linux 7. */
  | 'place-relative';

/** The place of the symbols' addresses, and a form in which they are plausible. */
export interface AddressTable {
  readonly form: AddressForm;
  readonly start: number;
  /** The offset after the addresses, and after the order of names that follows them. */
  readonly end: number;
  readonly bits: 32 | 64;
  /** The word that offsets count from, and its offset in the image. */
  readonly base?: { readonly at: number; readonly value: bigint } | undefined;
}

interface Layout {
  readonly image: DataView;
  readonly little: boolean;
  readonly count: number;
}

/**
 * Finds the addresses: before the number of symbols until Linux 6.4, after the tokens since then.
 * Symbols are sorted by address, so a form fits if no address is lower than the one before. After
 * the tokens, the order of the names must follow the table too.
 */
export function findAddresses(
  image: DataView,
  names: NameTable,
  tokens: TokenTable,
): AddressTable | undefined {
  const layout = { image, little: tokens.endian === 'little', count: names.count };
  return before(layout, names) ?? behind(layout, names, tokens);
}

function before(layout: Layout, { numSyms, alignment }: NameTable): AddressTable | undefined {
  const bits = alignment === 8 ? 64 : 32;
  const at = numSyms - alignment;
  const relative = fromBase(layout, { start: (at - layout.count * 4) & -alignment, at, bits });
  if (relative) return relative;
  const start = numSyms - layout.count * alignment;
  const isAbsolute = start >= 0 && areSorted(layout, start, alignment);
  return isAbsolute ? { form: 'absolute', start, end: numSyms, bits } : undefined;
}

function behind(
  layout: Layout,
  { alignment }: NameTable,
  tokens: TokenTable,
): AddressTable | undefined {
  const start = alignUp(tokens.end, alignment);
  const at = alignUp(start + layout.count * 4, alignment);
  const bits = alignment === 8 ? 64 : 32;
  const relative = isOrder(layout, at + alignment) && fromBase(layout, { start, at, bits });
  const order = layout.count * 3;
  if (relative) return { ...relative, end: at + alignment + order };
  if (isOrder(layout, at) && arePlaceRelative(layout, start)) {
    return { form: 'place-relative', start, end: at + order, bits: 64 };
  }
  const end = start + layout.count * alignment;
  const isAbsolute = isOrder(layout, end) && areSorted(layout, start, alignment);
  return isAbsolute ? { form: 'absolute', start, end: end + order, bits } : undefined;
}

function alignUp(offset: number, alignment: number): number {
  return (offset + alignment - 1) & -alignment;
}

/**
 * Offsets from the word at `at`, in either form. The base is the lowest address, so the first
 * offset from it says nothing: it is 0, or -1 if offsets go downwards.
 */
function fromBase(
  { image, little, count }: Layout,
  { start, at, bits }: { start: number; at: number; bits: 32 | 64 },
): AddressTable | undefined {
  if (start < 0 || start + count * 4 > at || at + bits / 8 > image.byteLength) return undefined;
  const value = bits === 64 ? image.getBigUint64(at, little) : BigInt(image.getUint32(at, little));
  const found = { start, end: at + bits / 8, bits, base: { at, value } };
  const offset = (index: number): number => image.getInt32(start + index * 4, little);
  const upwards = (index: number): number => offset(index) >>> 0;
  if (offset(0) === 0 && isSorted(count, upwards)) {
    const highest = value + BigInt(upwards(count - 1));
    if (highest < 1n << BigInt(bits)) return { form: 'base-relative', ...found };
  }
  let first = 0;
  while (first < count && offset(first) >= 0) first++;
  const isPercpu = first < count && offset(first) === -1;
  const downwards = (index: number): number =>
    offset(index) >= 0 ? offset(index) : 2 ** 32 - offset(index);
  return isPercpu && isSorted(count, downwards) ? { form: 'absolute-percpu', ...found } : undefined;
}

function arePlaceRelative({ image, little, count }: Layout, start: number): boolean {
  if (start + count * 4 > image.byteLength) return false;
  return isSorted(count, (index) => image.getInt32(start + index * 4, little) + index * 4);
}

function areSorted({ image, little, count }: Layout, start: number, size: 4 | 8): boolean {
  if (start + count * size > image.byteLength) return false;
  if (size === 4) return isSorted(count, (index) => image.getUint32(start + index * 4, little));
  const [low, high] = little ? [0, 4] : [4, 0];
  let last = [0, 0];
  for (let at = start; at < start + count * 8; at += 8) {
    const next = [image.getUint32(at + high, little), image.getUint32(at + low, little)];
    if (next[0] < last[0] || (next[0] === last[0] && next[1] < last[1])) return false;
    last = next;
  }
  return true;
}

function isSorted(count: number, valueOf: (index: number) => number): boolean {
  let last = -Infinity;
  for (let index = 0; index < count; index++) {
    const value = valueOf(index);
    if (value < last) return false;
    last = value;
  }
  return true;
}

/** Whether each symbol occurs once, in three bytes each: `kallsyms_seqs_of_names`. */
function isOrder({ image, count }: Layout, start: number): boolean {
  if (start + count * 3 > image.byteLength) return false;
  const seen = new Uint8Array(count);
  for (let at = start; at < start + count * 3; at += 3) {
    const index = (image.getUint16(at) << 8) | image.getUint8(at + 2);
    if (index >= count || seen[index] === 1) return false;
    seen[index] = 1;
  }
  return true;
}

/**
 * The addresses. `first` is the address of the image's first byte, needed only for the
 * place-relative form; `base` overrides the word in the image.
 */
export function decodeAddresses(
  image: DataView,
  { form, start, bits, base }: AddressTable,
  { count, little, first }: { count: number; little: boolean; first: bigint },
): BigUint64Array {
  const addresses = new BigUint64Array(count);
  const from = base?.value ?? 0n;
  for (let index = 0; index < count; index++) {
    switch (form) {
      case 'absolute':
        addresses[index] =
          bits === 64
            ? image.getBigUint64(start + index * 8, little)
            : BigInt(image.getUint32(start + index * 4, little));
        break;
      case 'base-relative':
        addresses[index] = from + BigInt(image.getUint32(start + index * 4, little));
        break;
      case 'absolute-percpu': {
        const offset = image.getInt32(start + index * 4, little);
        addresses[index] = offset >= 0 ? BigInt(offset) : from - 1n - BigInt(offset);
        break;
      }
      case 'place-relative': {
        const at = start + index * 4;
        addresses[index] = first + BigInt(at + image.getInt32(at, little));
        break;
      }
    }
  }
  return addresses;
}
