/**
 * Addresses of one image as numbers: bytes from a multiple of 2^32 at or below its first code. A
 * kernel's addresses have 64 bits, more than a number holds. These numbers are exact within 2^52
 * bytes, which covers the whole image.
 */
export class AddressSpace {
  readonly #high: number;

  constructor(origin: bigint) {
    this.#high = Number(BigInt.asUintN(64, origin) >> 32n);
  }

  /** The address of `size` (4 or 8) bytes in memory. */
  read(view: DataView, at: number, size: number, little: boolean): number {
    if (size === 4) return view.getUint32(at, little);
    const low = view.getUint32(little ? at : at + 4, little);
    const high = view.getUint32(little ? at + 4 : at, little);
    return ((high - this.#high) | 0) * 0x1_0000_0000 + low;
  }

  of(address: bigint): number {
    return Number(BigInt.asIntN(64, address - (BigInt(this.#high) << 32n)));
  }

  address(near: number): bigint {
    return BigInt.asUintN(64, BigInt(near) + (BigInt(this.#high) << 32n));
  }
}
