import type { Endian } from '@btf-depot/bytes';
import { decodeAddresses, findAddresses, type AddressForm } from './address-table.ts';
import { decodeNames, findNames, KALLSYMS_LIMITS, type KallsymsLimits } from './name-table.ts';
import { tokenTables } from './token-table.ts';

/** The symbols inside a kernel, as its look-ups by name see them. */
export interface Kallsyms {
  readonly form: AddressForm;
  readonly endian: Endian;
  /** Letters of nm, as character codes. */
  readonly types: Uint8Array;
  readonly names: readonly string[];
  /** Sorted. */
  readonly addresses: BigUint64Array;
  /** Place of the word that addresses count from, and its contents: 0 if it is relocated. */
  readonly base?: { readonly at: number; readonly value: bigint } | undefined;
  /** Range of all tables together. */
  readonly extent: { readonly start: number; readonly end: number };
}

export interface KallsymsOptions {
  /** Address of the first byte; 0 by default. */
  readonly address?: bigint;
  /** The relocated value of the base's word. */
  readonly base?: bigint;
  readonly limits?: Partial<KallsymsLimits>;
}

/**
 * The table of symbols inside a kernel (kernel/kallsyms.c), found without symbols: in the bytes of
 * its section `.rodata`, or of an image in memory form. These must begin at an address that is a
 * multiple of 8. Undefined without a consistent table.
 *
 * Throws FormatError `kallsyms-limit` for more or longer names than a kernel can have.
 */
export function readKallsyms(
  bytes: Uint8Array,
  { address = 0n, base, limits }: KallsymsOptions = {},
): Kallsyms | undefined {
  const image = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const tokens of tokenTables(bytes)) {
    const names = findNames(image, tokens);
    const found = names && findAddresses(image, names, tokens);
    if (!names || !found) continue;
    const { form, base: word } = found;
    const { count } = names;
    const table = {
      ...found,
      base: word && { ...word, value: base ?? word.value },
    };
    const place = { count, little: tokens.endian === 'little', first: address };
    return {
      form,
      endian: tokens.endian,
      ...decodeNames(bytes, names, tokens, { ...KALLSYMS_LIMITS, ...limits }),
      addresses: decodeAddresses(image, table, place),
      base: word,
      extent: {
        start: Math.min(found.start, names.numSyms),
        end: Math.max(found.end, tokens.end),
      },
    };
  }
  return undefined;
}

/**
 * Whether the kernel finds variables by name (CONFIG_KALLSYMS_ALL): otherwise it has only
 * functions, from `_stext` to `_etext` and from `_sinittext` to `_einittext`. The end of the image,
 * which every linker script names, lies outside of these.
 */
export function hasVariables({ names }: Pick<Kallsyms, 'names'>): boolean {
  return names.includes('_end');
}
