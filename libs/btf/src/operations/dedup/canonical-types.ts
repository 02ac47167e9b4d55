import { FormatError } from '@btf-depot/bytes';
import { Kind } from '../../kinds.ts';
import type { FlatTypes } from './flat-types.ts';
import { SignatureIndex } from './signature-index.ts';

const UNMAPPED = 0xffffffff;

/** The representative of each type so far, and representatives by content. */
export class CanonicalTypes {
  readonly types: FlatTypes;
  readonly #index: SignatureIndex;
  /** By id: the type's representative, itself, or UNMAPPED. Chains lead on to the last one. */
  readonly #map: Uint32Array;
  #stepsLeft: number;

  /** `steps`: most pairs of types to compare. */
  constructor(types: FlatTypes, steps: number) {
    this.types = types;
    this.#index = new SignatureIndex(types.endId);
    this.#map = new Uint32Array(types.endId).fill(UNMAPPED);
    this.#map[0] = 0;
    this.#stepsLeft = steps;
  }

  /** Throws FormatError `btf-limit`. */
  countStep(): void {
    if (this.#stepsLeft-- > 0) return;
    throw new FormatError('btf-limit', 'types are too much alike to be told apart in time');
  }

  isMapped(id: number): boolean {
    return this.#map[id] !== UNMAPPED;
  }

  isCanonical(id: number): boolean {
    return this.#map[id] === id;
  }

  map(id: number, to: number): void {
    this.#map[id] = to;
  }

  /** A type's representative; the type itself if that is unknown yet. */
  resolve(id: number): number {
    const map = this.#map;
    for (let to = map[id]; to !== UNMAPPED && to !== id; to = map[id]) id = to;
    return id;
  }

  /** The composite that a FWD was found to declare; any other type itself. */
  resolveForward(id: number): number {
    if (this.types.kind(id) !== Kind.FWD) return id;
    const to = this.resolve(id);
    return this.types.kind(to) === Kind.FWD ? id : to;
  }

  /**
   * Maps a type to a representative that `matches`, else to itself; returns the result. Matching
   * types must have that hash.
   */
  settle(id: number, hash: number, matches: (other: number) => boolean): number {
    const found = this.#index.find(hash, matches);
    if (found === 0) this.keep(id, hash);
    else this.#map[id] = found;
    return found || id;
  }

  /** Makes a type its own representative, and offers it to later types. */
  keep(id: number, hash: number): void {
    this.#index.add(hash, id);
    this.#map[id] = id;
  }
}
