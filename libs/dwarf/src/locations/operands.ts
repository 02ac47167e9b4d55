import { Leb128 } from '../leb128.ts';

const leb = new Leb128();

/** Reads the operations of an expression and what follows each. */
export class Operands {
  at = 0;
  to = 0;
  bytes: Uint8Array = new Uint8Array();
  little = true;

  place(bytes: Uint8Array, from: number, to: number, little: boolean): void {
    this.bytes = bytes;
    this.at = from;
    this.to = to;
    this.little = little;
  }

  /** Whether a read went past the end. */
  get isCutOff(): boolean {
    return this.at > this.to;
  }

  unsigned(): number {
    const value = leb.unsigned(this.bytes, this.at);
    this.at = leb.next;
    return value;
  }

  unsigned64(): bigint {
    const value = leb.unsigned64(this.bytes, this.at);
    this.at = leb.next;
    return value;
  }

  signed64(): bigint {
    const value = leb.signed64(this.bytes, this.at);
    this.at = leb.next;
    return value;
  }

  /** An integer of up to eight bytes; missing bytes read as 0. */
  fixed(size: number): bigint {
    let value = 0n;
    for (let i = 0; i < size; i++) {
      const place = this.little ? this.at + size - 1 - i : this.at + i;
      const byte = place < this.to ? this.bytes[place] : 0;
      value = (value << 8n) | BigInt(byte);
    }
    this.at += size;
    return value;
  }

  skip(count: number): void {
    this.at += count;
  }
}
