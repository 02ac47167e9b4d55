/** Most bytes of LEB128 for 64 bits, and for padding by an assembler. */
const LONGEST = 16;

/** Reads LEB128 (DWARF 5, 7.6) at a position that moves; bytes beyond the end read as 0. */
export class Leb128 {
  /** The position after the last number. */
  next = 0;

  /** Exact up to 2^53, approximate beyond. */
  unsigned(bytes: Uint8Array, at: number): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < LONGEST; count++) {
      const byte = at < bytes.length ? bytes[at] : 0;
      at++;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
      scale *= 128;
    }
    this.next = at;
    return value;
  }

  /** The value modulo 2^64. */
  unsigned64(bytes: Uint8Array, at: number): bigint {
    return BigInt.asUintN(64, this.#wide(bytes, at, false));
  }

  signed64(bytes: Uint8Array, at: number): bigint {
    return BigInt.asIntN(64, this.#wide(bytes, at, true));
  }

  #wide(bytes: Uint8Array, at: number, signed: boolean): bigint {
    let value = 0n;
    let shift = 0n;
    for (let count = 0; count < LONGEST; count++) {
      const byte = at < bytes.length ? bytes[at] : 0;
      at++;
      value |= BigInt(byte & 0x7f) << shift;
      shift += 7n;
      if (byte >= 0x80) continue;
      if (signed && (byte & 0x40) !== 0) value -= 1n << shift;
      break;
    }
    this.next = at;
    return value;
  }
}
