import { FormatError } from '@btf-depot/bytes';

export interface LzmaProperties {
  /** Literal context bits, literal position bits, position bits. */
  lc: number;
  lp: number;
  pb: number;
  /** Bytes that a match may reach back. */
  dictionary: number;
  /** Unpacked size; undefined: a mark ends the stream. */
  size: number | undefined;
}

const STATES = 12;
const POSITIONS = 16;
const LENGTH_CODER = 2 + 2 * POSITIONS * 8 + 256;

/** Where each model's probabilities begin. */
const IS_MATCH = 0;
const IS_REP = IS_MATCH + STATES * POSITIONS;
const IS_REP_G0 = IS_REP + STATES;
const IS_REP_G1 = IS_REP_G0 + STATES;
const IS_REP_G2 = IS_REP_G1 + STATES;
const IS_REP0_LONG = IS_REP_G2 + STATES;
const SLOT = IS_REP0_LONG + STATES * POSITIONS;
const SPECIAL = SLOT + 4 * 64;
const ALIGN = SPECIAL + 128;
const MATCH_LENGTH = ALIGN + 16;
const REP_LENGTH = MATCH_LENGTH + LENGTH_CODER;
const LITERAL = REP_LENGTH + LENGTH_CODER;

const TOP = 2 ** 24;
/** Output that is held before it is handed over. */
const PENDING = 1024 * 1024;
const END_MARK = 0xffffffff;

/**
 * The decoder of lzma-specification.txt (LZMA SDK), with its names. State lives in fields between
 * runs; one symbol is one turn of `#symbol`.
 */
export class LzmaDecoder {
  readonly #probs: Uint16Array;
  readonly #properties: LzmaProperties;
  readonly #window: Uint8Array;
  #at = 0;
  /** Where in the window the output begins that was not handed over. */
  #from = 0;
  #written = 0;
  #input: Uint8Array = new Uint8Array();
  #next = 0;
  #range = 0xffffffff;
  #code = 0;
  #state = 0;
  #rep0 = 0;
  #rep1 = 0;
  #rep2 = 0;
  #rep3 = 0;
  isDone = false;

  constructor(properties: LzmaProperties) {
    const { lc, lp, dictionary, size = Infinity } = properties;
    this.#properties = properties;
    this.#probs = new Uint16Array(LITERAL + (0x300 << (lc + lp))).fill(1024);
    // Handing over needs room beyond the dictionary; what is smaller than it needs no more.
    const reach = Math.min(Math.max(dictionary, 4096), Math.max(size, 4096));
    this.#window = new Uint8Array(reach + 2 * PENDING);
  }

  /** Takes the five bytes that the range coder begins with. */
  start(bytes: Uint8Array): void {
    if (bytes[0] !== 0) this.#fail('the range coder does not begin with zero');
    this.#code = new DataView(bytes.buffer, bytes.byteOffset, 5).getUint32(1);
  }

  /**
   * Decodes until `end` bytes of the input are used, or enough output is there, or all is done.
   * @returns how many bytes of the input were used.
   */
  run(input: Uint8Array, end: number): number {
    this.#input = input;
    this.#next = 0;
    while (!this.isDone && this.#next < end && this.#pending() < PENDING) this.#symbol();
    // Where the size is known the last symbol need not be followed by any other.
    if (!this.isDone && this.#left() === 0 && this.#code === 0) this.isDone = true;
    return this.#next;
  }

  /** What was decoded since the last time. */
  output(): Uint8Array {
    const window = this.#window;
    const bytes =
      this.#from <= this.#at
        ? window.slice(this.#from, this.#at)
        : Buffer.concat([window.subarray(this.#from), window.subarray(0, this.#at)]);
    this.#from = this.#at;
    return bytes;
  }

  #pending(): number {
    const pending = this.#at - this.#from;
    return pending < 0 ? pending + this.#window.length : pending;
  }

  #left(): number {
    return (this.#properties.size ?? Infinity) - this.#written;
  }

  #symbol(): void {
    const left = this.#left();
    if (left === 0 && this.#code === 0) {
      this.isDone = true;
      return;
    }
    const posState = this.#written & ((1 << this.#properties.pb) - 1);
    if (this.#bit(IS_MATCH + this.#state * POSITIONS + posState) === 0) {
      if (left === 0) this.#fail('more than the stated size');
      this.#put(this.#literal());
      this.#state = this.#state < 4 ? 0 : this.#state - (this.#state < 10 ? 3 : 6);
      return;
    }
    const length =
      this.#bit(IS_REP + this.#state) === 1 ? this.#repeat(posState) : this.#match(posState);
    if (length === 0) return;
    if (length > left) this.#fail('more than the stated size');
    this.#copy(length);
  }

  /** A match at one of the last four distances. @returns its length, 0 where it is done already. */
  #repeat(posState: number): number {
    if (this.#written === 0) this.#fail('a match before any byte');
    if (this.#bit(IS_REP_G0 + this.#state) === 0) {
      if (this.#bit(IS_REP0_LONG + this.#state * POSITIONS + posState) === 0) {
        this.#state = this.#state < 7 ? 9 : 11;
        return 1;
      }
    } else {
      let distance = this.#rep1;
      if (this.#bit(IS_REP_G1 + this.#state) === 1) {
        distance = this.#rep2;
        if (this.#bit(IS_REP_G2 + this.#state) === 1) {
          distance = this.#rep3;
          this.#rep3 = this.#rep2;
        }
        this.#rep2 = this.#rep1;
      }
      this.#rep1 = this.#rep0;
      this.#rep0 = distance;
    }
    const length = this.#length(REP_LENGTH, posState);
    this.#state = this.#state < 7 ? 8 : 11;
    return length;
  }

  /** A match at a distance of its own. @returns its length, 0 for the mark of the end. */
  #match(posState: number): number {
    this.#rep3 = this.#rep2;
    this.#rep2 = this.#rep1;
    this.#rep1 = this.#rep0;
    const length = this.#length(MATCH_LENGTH, posState);
    this.#state = this.#state < 7 ? 7 : 10;
    this.#rep0 = this.#distance(length);
    if (this.#rep0 !== END_MARK) return length;
    if (this.#code !== 0 || (this.#properties.size !== undefined && this.#left() !== 0)) {
      this.#fail('the mark of the end stands elsewhere');
    }
    this.isDone = true;
    return 0;
  }

  #literal(): number {
    const { lc, lp } = this.#properties;
    const previous = this.#written > 0 ? this.#byteAt(0) : 0;
    const context = ((this.#written & ((1 << lp) - 1)) << lc) + (previous >> (8 - lc));
    const probs = LITERAL + 0x300 * context;
    let symbol = 1;
    if (this.#state >= 7) {
      let match = this.#byteAt(this.#rep0);
      do {
        const matchBit = (match >> 7) & 1;
        match <<= 1;
        const bit = this.#bit(probs + ((1 + matchBit) << 8) + symbol);
        symbol = (symbol << 1) | bit;
        if (matchBit !== bit) break;
      } while (symbol < 0x100);
    }
    while (symbol < 0x100) symbol = (symbol << 1) | this.#bit(probs + symbol);
    return symbol & 0xff;
  }

  #length(coder: number, posState: number): number {
    if (this.#bit(coder) === 0) return 2 + this.#tree(coder + 2 + posState * 8, 3);
    if (this.#bit(coder + 1) === 0) {
      return 10 + this.#tree(coder + 2 + (POSITIONS + posState) * 8, 3);
    }
    return 18 + this.#tree(coder + 2 + 2 * POSITIONS * 8, 8);
  }

  #distance(length: number): number {
    const lengthState = Math.min(length - 2, 3);
    const slot = this.#tree(SLOT + lengthState * 64, 6);
    if (slot < 4) return slot;
    const direct = (slot >> 1) - 1;
    const base = (2 | (slot & 1)) * 2 ** direct;
    if (slot < 14) return base + this.#reverseTree(SPECIAL + base - slot, direct);
    return base + this.#direct(direct - 4) * 16 + this.#reverseTree(ALIGN, 4);
  }

  #tree(probs: number, bits: number): number {
    let symbol = 1;
    for (let i = 0; i < bits; i++) symbol = (symbol << 1) | this.#bit(probs + symbol);
    return symbol - (1 << bits);
  }

  #reverseTree(probs: number, bits: number): number {
    let node = 1;
    let symbol = 0;
    for (let i = 0; i < bits; i++) {
      const bit = this.#bit(probs + node);
      node = (node << 1) | bit;
      symbol |= bit << i;
    }
    return symbol;
  }

  #direct(bits: number): number {
    let value = 0;
    for (let i = 0; i < bits; i++) {
      this.#range >>>= 1;
      const isOne = this.#code >= this.#range;
      if (isOne) this.#code = (this.#code - this.#range) >>> 0;
      value = value * 2 + (isOne ? 1 : 0);
      this.#normalize();
    }
    return value;
  }

  #bit(index: number): number {
    const prob = this.#probs[index];
    const bound = Math.imul(this.#range >>> 11, prob) >>> 0;
    let bit = 0;
    if (this.#code < bound) {
      this.#range = bound;
      this.#probs[index] = prob + ((2048 - prob) >> 5);
    } else {
      this.#range = (this.#range - bound) >>> 0;
      this.#code = (this.#code - bound) >>> 0;
      this.#probs[index] = prob - (prob >> 5);
      bit = 1;
    }
    this.#normalize();
    return bit;
  }

  #normalize(): void {
    if (this.#range >= TOP) return;
    this.#range = (this.#range << 8) >>> 0;
    this.#code = ((this.#code << 8) | this.#input[this.#next++]) >>> 0;
  }

  #byteAt(distance: number): number {
    const at = this.#at - distance - 1;
    return this.#window[at < 0 ? at + this.#window.length : at];
  }

  #copy(length: number): void {
    const distance = this.#rep0;
    const reach = Math.max(this.#properties.dictionary, 4096);
    if (distance >= this.#written || distance >= reach) this.#fail('a match from before the start');
    for (let i = 0; i < length; i++) this.#put(this.#byteAt(distance));
  }

  #put(byte: number): void {
    this.#window[this.#at++] = byte;
    if (this.#at === this.#window.length) this.#at = 0;
    this.#written++;
  }

  #fail(message: string): never {
    throw new FormatError('lzma-corrupt', message, { section: 'lzma' });
  }
}
