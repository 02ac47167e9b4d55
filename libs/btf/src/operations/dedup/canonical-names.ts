import type { Btf } from '../../wire/btf.ts';
import { StringTable } from '../../wire/string-table.ts';

/**
 * One number for each string content, over a BTF and its bases: equal strings have equal numbers at
 * any offset. Takes four bytes for each byte of strings.
 */
export class CanonicalNames {
  readonly #levels: Btf[] = [];
  readonly #numbers: Uint32Array;
  readonly #table = new StringTable(1);

  constructor(btf: Btf) {
    for (let level: Btf | undefined = btf; level; level = level.base) this.#levels.push(level);
    this.#numbers = new Uint32Array(btf.stringEnd);
  }

  /** 0 for the offset 0. */
  of(offset: number): number {
    if (offset === 0) return 0;
    let number = this.#numbers[offset];
    if (number === 0) {
      for (const { strings, stringStart } of this.#levels) {
        if (offset < stringStart) continue;
        const from = offset - stringStart;
        number = this.#table.add(strings, from, strings.indexOf(0, from));
        break;
      }
      this.#numbers[offset] = number;
    }
    return number;
  }
}
