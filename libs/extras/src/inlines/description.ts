import type { Entry } from '@btf-depot/dwarf';

/** A function as its entries describe it; one object serves many. */
export class Description {
  /** A number of Names, 0 for none. */
  name = 0;
  isGlobal = false;
  /** Number of the entry of its result type. */
  result = 0;
  /** Number of parameters, `...` included. */
  count = 0;
  /** For each parameter the number of its entry, of its name (Names), and of its type's entry. */
  readonly entries: number[] = [];
  readonly names: number[] = [];
  readonly types: number[] = [];
  /** For its spelling. */
  readonly spelling: number[] = [];
  #nameBytes: Uint8Array = new Uint8Array();
  #nameAt = 0;

  clear(): void {
    this.name = 0;
    this.isGlobal = false;
    this.result = 0;
    this.count = 0;
  }

  setName(name: number, { textBytes, textAt }: Entry): void {
    this.name = name;
    this.#nameBytes = textBytes;
    this.#nameAt = textAt;
  }

  /** The name, one character a byte. */
  text(): string {
    const bytes = this.#nameBytes;
    const end = bytes.indexOf(0, this.#nameAt);
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + this.#nameAt, end - this.#nameAt);
    return text.toString('latin1');
  }

  add(entry: number, name: number, type: number): void {
    const place = this.count++;
    this.entries[place] = entry;
    this.names[place] = name;
    this.types[place] = type;
  }
}
