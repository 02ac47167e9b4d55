import type { Endian } from '@btf-depot/bytes';
import { decodeAddresses, findAddresses, type AddressForm } from './address-table.ts';
import { decodeNames, findNames, KALLSYMS_LIMITS, type KallsymsLimits } from './name-table.ts';
import { tokenTables } from './token-table.ts';

/** The symbols that a kernel has inside, as its lookups by name see them. */
export interface Kallsyms {
  readonly form: AddressForm;
  readonly endian: Endian;
  /** Letters of nm, as character codes. */
  readonly types: Uint8Array;
  readonly names: readonly string[];
  /** Sorted. */
  readonly addresses: BigUint64Array;
  /** Where the word is that addresses count from, and what it holds: 0 if it is relocated. */
  readonly base?: { readonly at: number; readonly value: bigint } | undefined;
  /** All tables together lie from here to there. */
  readonly extent: { readonly start: number; readonly end: number };
}

export interface KallsymsOptions {
  /** Address of the first byte; 0 by default. */
  readonly address?: bigint;
  /** What the word of the base is relocated to. */
  readonly base?: bigint;
  readonly limits?: Partial<KallsymsLimits>;
}

/**
 * The table of symbols inside a kernel (kernel/kallsyms.c), found without symbols: in the bytes of
 * its section `.rodata`, or of an image as it lies in memory, which have to begin at an address
 * that is a multiple of 8. Undefined if there is none that agrees with itself.
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
 * Whether the kernel finds variables by their names (CONFIG_KALLSYMS_ALL): otherwise it has nothing
 * but functions, from `_stext` to `_etext` and from `_sinittext` to `_einittext`. The end of the
 * image, which every linker script names, lies outside of these.
 */
export function hasVariables({ names }: Pick<Kallsyms, 'names'>): boolean {
  return names.includes('_end');
}
