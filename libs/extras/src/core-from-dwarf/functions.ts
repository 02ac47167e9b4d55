import { infoKind, Kind } from '@btf-depot/btf';
import { BY_KEY, keyOf, type Shapes } from './shapes.ts';

/** Why core lacks a function that has a symbol, with the number of such functions. */
export interface FunctionsLeftOut {
  /**
   * A parameter is in another register than the calling convention says (pahole's consistent_func).
   */
  unexpectedRegister: number;
  /** Units disagree about its type. */
  inconsistent: number;
}

/** A function of one name, merged from its units. */
interface State {
  /** As the first unit describes it. */
  readonly found: FoundFunction;
  unexpectedRegister: boolean;
  inconsistent: boolean;
}

export interface FoundFunction {
  readonly name: number;
  readonly prototype: number;
  readonly unit: number;
  readonly tags: readonly DeclTag[];
}

/** An annotation (btf_decl_tag) of a type or function. */
export interface DeclTag {
  readonly name: number;
  /** Number of the annotated member or parameter; -1 for the whole. */
  readonly component: number;
}

/** The functions of core, by the rules of one version of pahole. */
export class Functions {
  readonly #shapes: Shapes;
  readonly #states = new Map<number, State>();

  constructor(shapes: Shapes) {
    this.#shapes = shapes;
  }

  /** A defined function with a symbol, whose parameters all have names. */
  add(found: FoundFunction, unexpectedRegister: boolean): void {
    const { name, prototype } = found;
    const state = this.#states.get(name);
    if (state === undefined) {
      this.#states.set(name, { found, unexpectedRegister, inconsistent: false });
      return;
    }
    state.unexpectedRegister ||= unexpectedRegister;
    if (state.unexpectedRegister || state.inconsistent) return;
    state.inconsistent = !this.#isSameType(state.found.prototype, prototype);
  }

  /**
   * In the order of discovery. `consistent`: without those whose units disagree or whose registers
   * are unexpected.
   */
  list(consistent: boolean): { functions: FoundFunction[]; leftOut: FunctionsLeftOut } {
    const leftOut = { unexpectedRegister: 0, inconsistent: 0 };
    const functions: FoundFunction[] = [];
    for (const { found, unexpectedRegister, inconsistent } of this.#states.values()) {
      if (consistent && unexpectedRegister) leftOut.unexpectedRegister++;
      else if (consistent && inconsistent) leftOut.inconsistent++;
      else functions.push(found);
    }
    return { functions, leftOut };
  }

  /** As pahole compares prototypes: named types are the same by name. */
  #isSameType(a: number, b: number): boolean {
    if (a === b) return true;
    const [first, second] = [this.#tail(a), this.#tail(b)];
    if (first.length !== second.length) return false;
    if (!this.#matches(this.#type(a), this.#type(b))) return false;
    for (let i = 1; i < first.length; i += 2) if (!this.#matches(first[i], second[i])) return false;
    return true;
  }

  #tail(shape: number): Uint32Array {
    const { words, starts } = this.#shapes;
    return words.subarray(starts[shape] + 3, starts[shape + 1]);
  }

  #type(shape: number): number {
    return this.#shapes.words[this.#shapes.starts[shape] + 2];
  }

  #name(shape: number): number {
    return this.#shapes.words[this.#shapes.starts[shape]];
  }

  #matches(a: number, b: number): boolean {
    for (;;) {
      if (a === b) return true;
      if (a === 0 || b === 0) return false;
      const [kindA, kindB] = [this.#kind(a), this.#kind(b)];
      if (kindA !== kindB) {
        // In some units a parameter may be const.
        if (kindA === Kind.CONST) a = this.#type(a);
        else if (kindB === Kind.CONST) b = this.#type(b);
        else return false;
        continue;
      }
      switch (kindA) {
        case Kind.PTR:
        case Kind.VOLATILE:
        case Kind.CONST:
        case Kind.RESTRICT:
        case Kind.TYPE_TAG:
          a = this.#type(a);
          b = this.#type(b);
          continue;
        case Kind.ARRAY: {
          const [first, second] = [this.#tail(a), this.#tail(b)];
          if (first[2] !== second[2]) return false;
          [a] = first;
          [b] = second;
          continue;
        }
        case Kind.FUNC_PROTO: {
          // pahole compares only the number of its parameters.
          if (this.#tail(a).length !== this.#tail(b).length) return false;
          a = this.#type(a);
          b = this.#type(b);
          continue;
        }
        case Kind.INT:
          // Equal words are one shape.
          return false;
        case Kind.FLOAT:
          return false;
        default:
          return this.#nameOf(a) === this.#nameOf(b);
      }
    }
  }

  #kind(reference: number): number {
    if (reference < BY_KEY) return infoKind(this.#shapes.infoOf(reference));
    const kinds = [Kind.STRUCT, Kind.UNION, Kind.ENUM];
    return kinds[this.#shapes.keyKind[keyOf(reference)]];
  }

  #nameOf(reference: number): number {
    if (reference < BY_KEY) return this.#name(reference);
    return this.#shapes.keyName[keyOf(reference)];
  }
}
