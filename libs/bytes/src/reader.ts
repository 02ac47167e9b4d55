import { FormatError } from './format-error.ts';

/** Byte order of what is read or written. */
export type Endian = 'little' | 'big';

/** How a reader names its faults. */
export interface ReaderOptions {
  /** Name of the part of the input, for messages. */
  readonly section?: string;
  /** Offset of the first byte in that section, added to the offsets in messages. */
  readonly base?: number;
  /** Code of the FormatError thrown when the bytes end too early; default `truncated`. */
  readonly code?: string;
}

/** A cursor over bytes of one byte order. Every read is checked and throws FormatError. */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly endian: Endian;
  #position = 0;
  readonly #view: DataView;
  readonly #little: boolean;
  readonly #options: ReaderOptions;

  constructor(bytes: Uint8Array, endian: Endian, options: ReaderOptions = {}) {
    this.bytes = bytes;
    this.endian = endian;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#little = endian === 'little';
    this.#options = options;
  }

  get position(): number {
    return this.#position;
  }

  get remaining(): number {
    return this.bytes.length - this.#position;
  }

  /** Moves the cursor to an offset from the first byte; the end itself is allowed. */
  seek(position: number): void {
    if (!Number.isSafeInteger(position) || position < 0 || position > this.bytes.length) {
      this.#fail(position, `seek to ${position} of ${this.bytes.length} bytes`);
    }
    this.#position = position;
  }

  skip(count: number): void {
    this.#take(count);
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), this.#little);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), this.#little);
  }

  i32(): number {
    return this.#view.getInt32(this.#take(4), this.#little);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8), this.#little);
  }

  /** A 64-bit size or offset as a number; values that a number cannot hold exactly are refused. */
  u64AsNumber(): number {
    const at = this.#position;
    const value = this.u64();
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) this.#fail(at, `${value} is beyond any file`);
    return Number(value);
  }

  /** A view of the next `count` bytes. */
  take(count: number): Uint8Array {
    const at = this.#take(count);
    return this.bytes.subarray(at, at + count);
  }

  #take(count: number): number {
    const at = this.#position;
    if (!Number.isSafeInteger(count) || count < 0 || count > this.bytes.length - at) {
      this.#fail(at, `${count} bytes needed, ${this.bytes.length - at} left`);
    }
    this.#position = at + count;
    return at;
  }

  #fail(at: number, message: string): never {
    const { section, base = 0, code = 'truncated' } = this.#options;
    const offset = base + at;
    throw new FormatError(code, message, section === undefined ? { offset } : { section, offset });
  }
}
