import type { AddressSpace } from './address-space.ts';

/** The data outside its unit that an entry's values refer to; absent sections are empty. */
export interface Tables {
  readonly strings: Uint8Array;
  readonly lineStrings: Uint8Array;
  readonly stringOffsets: Uint8Array;
  readonly addresses: Uint8Array;
  readonly abbreviations: Uint8Array;
  readonly space: AddressSpace;
  /** Number of the type's entry, by the signature of its unit. */
  readonly signatures: ReadonlyMap<bigint, number>;
}
