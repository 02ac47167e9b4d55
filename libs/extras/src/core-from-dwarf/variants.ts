import { ambiguousShapes } from './reach.ts';
import { BY_KEY, eachShapeReference, keyOf, type Shapes } from './shapes.ts';

/** No definition of an ambiguous name is reached. */
const EMPTY = 0;

/** Marks a reference to the declaration of a key that the unit does not define. */
export const FORWARD = 0x8000_0000;

/**
 * A type to be written: a shape, and the targets of its references, as numbers of outputs from 1.
 */
export interface Output {
  readonly shape: number;
  /** Replaces each of the shape's references; a key with FORWARD for a declaration. */
  readonly references: readonly number[];
}

/**
 * Decides which types are made of shapes. Most shapes are one type. A shape that leads to a name
 * with several definitions (two drivers' `struct controller`) becomes one type for each set of such
 * definitions that it reaches in some unit. These may be too many, never too few: `dedupBtf` merges
 * equal ones.
 */
export class Variants {
  readonly outputs: Output[] = [];
  readonly #shapes: Shapes;
  readonly #ambiguous: Uint8Array;
  /** Number of the output by shape, for shapes that are one type. */
  readonly #single: Uint32Array;
  /** Numbers of outputs by shape and context. */
  readonly #pairs = new Map<number, number>();
  /** Keys that a shape defines. */
  readonly #keys = new Map<number, number>();
  /** Contexts: sorted definitions of ambiguous names. */
  readonly #contexts: number[][] = [[]];
  readonly #byText = new Map<string, number>([['', EMPTY]]);
  /** Contexts of the ambiguous shapes of the current unit. */
  readonly #inUnit = new Map<number, number>();

  constructor(shapes: Shapes) {
    this.#shapes = shapes;
    this.#ambiguous = ambiguousShapes(shapes);
    this.#single = new Uint32Array(shapes.count + 1);
    shapes.definitions.forEach((all, key) => all.forEach((shape) => this.#keys.set(shape, key)));
    const { count } = shapes;
    let next = 0;
    for (let shape = 1; shape <= count; shape++) {
      if (this.#isOne(shape)) this.#single[shape] = ++next;
    }
    for (let shape = 1; shape <= count; shape++) {
      if (!this.#isOne(shape)) continue;
      const references = this.#referencesOf(shape).map((to) => this.#outputOfSingle(to));
      this.outputs.push({ shape, references });
    }
  }

  /**
   * Takes the shapes of a unit, each once; `outputOf` then gives the output of each in this unit.
   */
  enterUnit(list: Uint32Array): void {
    this.#inUnit.clear();
    const { isWanted } = this.#shapes;
    const here = list.filter((shape) => this.#ambiguous[shape] !== 0 && isWanted[shape]);
    if (here.length === 0) return;
    const environment = new Map<number, number>();
    for (const shape of list) {
      const key = this.#keys.get(shape);
      if (key !== undefined) environment.set(key, shape);
    }
    this.#findContexts(here, environment);
    for (const shape of here) this.#pair(shape, environment);
  }

  /** The number of the output of a shape in the last unit. */
  outputOf(shape: number): number {
    if (shape === 0) return 0;
    if (this.#ambiguous[shape] === 0) return this.#single[shape];
    return this.#pairs.get(pairOf(shape, this.#inUnit.get(shape) ?? EMPTY)) ?? 0;
  }

  #isOne(shape: number): boolean {
    return this.#ambiguous[shape] === 0 && this.#shapes.isWanted[shape];
  }

  #referencesOf(shape: number): number[] {
    const { words, starts } = this.#shapes;
    const references: number[] = [];
    eachShapeReference(words, starts[shape], starts[shape + 1], (slot) => {
      references.push(words[slot]);
    });
    return references;
  }

  /** The target of a reference of a shape that is one type. */
  #outputOfSingle(to: number): number {
    if (to < BY_KEY) return to === 0 ? 0 : this.#single[to];
    const all = this.#shapes.definitions[keyOf(to)];
    return all.length === 0 ? (FORWARD | keyOf(to)) >>> 0 : this.#single[all[0]];
  }

  /**
   * The number of the pair of an ambiguous shape and its context here; makes a new pair if needed.
   */
  #pair(shape: number, environment: ReadonlyMap<number, number>): number {
    const open: number[] = [];
    const numberOf = (one: number): number => {
      const pair = pairOf(one, this.#inUnit.get(one) ?? EMPTY);
      let number = this.#pairs.get(pair);
      if (number === undefined) {
        number = this.outputs.length + 1;
        this.#pairs.set(pair, number);
        this.outputs.push({ shape: one, references: [] });
        open.push(one, number);
      }
      return number;
    };
    const first = numberOf(shape);
    while (open.length > 0) {
      const number = open.pop() ?? 0;
      const one = open.pop() ?? 0;
      const references = this.#referencesOf(one).map((to) => {
        const target = this.#targetOf(to, environment);
        if (target === 0) return to < BY_KEY ? 0 : (FORWARD | keyOf(to)) >>> 0;
        return this.#ambiguous[target] === 0 ? this.#single[target] : numberOf(target);
      });
      this.outputs[number - 1] = { shape: one, references };
    }
    return first;
  }

  /**
   * The shape that a reference leads to in a unit; 0 for void and for types that are only declared
   * there.
   */
  #targetOf(to: number, environment: ReadonlyMap<number, number>): number {
    if (to < BY_KEY) return to;
    const key = keyOf(to);
    const here = environment.get(key);
    if (here !== undefined) return here;
    // A name with one definition that is the same everywhere is not ambiguous.
    const all = this.#shapes.definitions[key];
    return all.length === 1 && this.#ambiguous[all[0]] === 0 ? all[0] : 0;
  }

  /**
   * Finds the contexts of a unit's ambiguous shapes: the definitions that each reaches in this
   * unit, the same for all of a cycle (Tarjan's strongly connected components).
   */
  #findContexts(here: Uint32Array, environment: ReadonlyMap<number, number>): void {
    const order = new Map<number, number>();
    const low = new Map<number, number>();
    const stack: number[] = [];
    const reached = new Map<number, Set<number>>();
    const isOneOfSeveral = (shape: number): boolean => {
      const key = this.#keys.get(shape);
      return key !== undefined && this.#shapes.definitions[key].length > 1;
    };
    interface Frame {
      readonly shape: number;
      readonly targets: readonly number[];
      next: number;
    }
    const enter = (shape: number): Frame => {
      order.set(shape, order.size);
      low.set(shape, order.size - 1);
      stack.push(shape);
      const all = this.#referencesOf(shape).map((to) => this.#targetOf(to, environment));
      reached.set(shape, new Set(all.filter(isOneOfSeveral)));
      const targets = all.filter((target) => this.#ambiguous[target] !== 0);
      return { shape, targets, next: 0 };
    };
    for (const root of here) {
      if (order.has(root)) continue;
      const frames = [enter(root)];
      for (let frame = frames.at(-1); frame; frame = frames.at(-1)) {
        const { shape } = frame;
        if (frame.next < frame.targets.length) {
          const target = frame.targets[frame.next++];
          if (!order.has(target)) frames.push(enter(target));
          else if (!this.#inUnit.has(target)) {
            low.set(shape, Math.min(low.get(shape) ?? 0, order.get(target) ?? 0));
          } else this.#join(reached.get(shape), this.#contexts[this.#inUnit.get(target) ?? 0]);
          continue;
        }
        frames.pop();
        const parent = frames.at(-1)?.shape;
        if (low.get(shape) === order.get(shape)) this.#close(shape, stack, reached);
        if (parent === undefined) continue;
        if (this.#inUnit.has(shape)) {
          this.#join(reached.get(parent), this.#contexts[this.#inUnit.get(shape) ?? 0]);
        } else low.set(parent, Math.min(low.get(parent) ?? 0, low.get(shape) ?? 0));
      }
    }
  }

  #join(to: Set<number> | undefined, context: readonly number[]): void {
    for (const definition of context) to?.add(definition);
  }

  /** All members of a cycle reach the same. */
  #close(shape: number, stack: number[], reached: ReadonlyMap<number, Set<number>>): void {
    const all = new Set<number>();
    const members: number[] = [];
    for (let member = stack.pop(); member !== undefined; member = stack.pop()) {
      members.push(member);
      for (const one of reached.get(member) ?? []) all.add(one);
      if (member === shape) break;
    }
    const sorted = [...all].sort((a, b) => a - b);
    const text = sorted.join(' ');
    let context = this.#byText.get(text);
    if (context === undefined) {
      context = this.#contexts.length;
      this.#contexts.push(sorted);
      this.#byText.set(text, context);
    }
    for (const member of members) this.#inUnit.set(member, context);
  }
}

/** One number for both: less than 2^32 shapes, and 2^20 contexts. */
function pairOf(shape: number, context: number): number {
  return context * 2 ** 32 + shape;
}
