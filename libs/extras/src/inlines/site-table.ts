import { FormatError } from '@btf-depot/bytes';
import { Kind, printDeclaration, type Btf } from '@btf-depot/btf';
import { readLocation, type Location } from './location.ts';

/** An inlined call, as its BTF describes it. */
export interface Site {
  /** Its number among the sites of all sections. */
  readonly number: number;
  readonly function: string;
  readonly section: string;
  /** Bytes from the section's start. */
  readonly offset: number;
  /** Core has the function: the kernel has its code by itself, too. */
  readonly standalone: boolean;
  readonly parameters: readonly SiteParameter[];
}

export interface SiteParameter {
  /** Empty if the prototype has no parameters. */
  readonly name: string;
  /** As C; `...` if it has no prototype. */
  readonly type: string;
  /** Absent if not available. */
  readonly location?: Location | undefined;
}

/** Most characters for the parameters of one site; a kernel's take some hundreds. */
const MAX_TEXT = 256 * 1024;
const PER_PARAMETER = 64;

/** Bytes for a function in the lists of functions and of names. */
const PER_FUNCTION = 150;

/** A function, and the number of its inlined calls. */
export interface FunctionSites {
  readonly name: string;
  readonly sites: number;
}

interface Section {
  readonly id: number;
  readonly name: string;
  /** Number of its first site. */
  readonly first: number;
}

/**
 * The inlined calls of one kernel, by function and by place. Reads BTF of any encoder, also with
 * several LOCSECs of one name. Sites are numbered by section and offset.
 */
export class SiteTable {
  readonly btf: Btf;
  readonly count: number;
  readonly #sections: readonly Section[];
  /** Numbers of the sites of each function in turn, and the start of each function's. */
  readonly #byFunction: Uint32Array;
  readonly #starts: ReadonlyMap<number, readonly [from: number, to: number]>;
  #functions: readonly FunctionSites[] | undefined;
  #names: readonly string[] | undefined;
  /** The last result: clients request its pages one after the other. */
  #found: { name: string; numbers: Uint32Array } | undefined;

  constructor(btf: Btf) {
    this.btf = btf;
    const sections: Section[] = [];
    const uses = new Map<number, number>();
    let count = 0;
    for (let id = btf.firstId; id < btf.endId; id++) {
      if (btf.kind(id) !== Kind.LOCSEC) continue;
      sections.push({ id, name: btf.name(id), first: count });
      count += btf.vlen(id);
    }
    this.#sections = sections;
    this.count = count;
    this.#each((_number, func) => uses.set(func, (uses.get(func) ?? 0) + 1));
    const starts = new Map<number, readonly [number, number]>();
    const next = new Map<number, number>();
    let at = 0;
    for (const [func, sites] of uses) {
      starts.set(func, [at, at + sites]);
      next.set(func, at);
      at += sites;
    }
    const byFunction = new Uint32Array(count);
    this.#each((number, func) => {
      const place = next.get(func) ?? 0;
      byFunction[place] = number;
      next.set(func, place + 1);
    });
    this.#byFunction = byFunction;
    this.#starts = starts;
  }

  /** Names of the functions with sites, in the order of their characters' codes. */
  get names(): readonly string[] {
    this.#names ??= this.functions.map(({ name }) => name).sort();
    return this.#names;
  }

  /** The functions with sites, by number of sites (most first), then by name. */
  get functions(): readonly FunctionSites[] {
    this.#functions ??= this.#counted();
    return this.#functions;
  }

  #counted(): readonly FunctionSites[] {
    const counts = new Map<string, number>();
    for (const [id, [from, to]] of this.#starts) {
      const name = this.btf.name(id);
      counts.set(name, (counts.get(name) ?? 0) + to - from);
    }
    return Array.from(counts, ([name, sites]) => ({ name, sites })).sort(
      (a, b) => b.sites - a.sites || (a.name < b.name ? -1 : 1),
    );
  }

  /** Bytes of the table beside its BTF, approximate, for a cache's limit. */
  get memory(): number {
    // The lists of functions are made later, on request.
    return this.#byFunction.byteLength + this.#starts.size * (100 + PER_FUNCTION);
  }

  /** Numbers of the sites of all functions with that name, ascending. */
  ofFunction(name: string): Uint32Array {
    if (this.#found?.name !== name) this.#found = { name, numbers: this.#sitesOf(name) };
    return this.#found.numbers;
  }

  #sitesOf(name: string): Uint32Array {
    const ranges = this.btf
      .findAll(name, Kind.FUNC)
      .flatMap((id) => [this.#starts.get(id) ?? ([0, 0] as const)]);
    if (ranges.length === 1) return this.#byFunction.subarray(...ranges[0]);
    const numbers = new Uint32Array(ranges.reduce((sum, [from, to]) => sum + to - from, 0));
    let at = 0;
    for (const [from, to] of ranges) {
      numbers.set(this.#byFunction.subarray(from, to), at);
      at += to - from;
    }
    return numbers.sort();
  }

  /** Numbers of the sites that begin at a place; the outermost call first. */
  at(section: string, offset: number): number[] {
    return this.#sections
      .filter(({ name }) => name === section)
      .flatMap(({ id, first }) => {
        const found: number[] = [];
        const count = this.btf.vlen(id);
        for (let at = this.#lowest(id, offset); at < count; at++) {
          if (this.btf.tail(id, at * 3 + 2) !== offset) break;
          found.push(first + at);
        }
        return found;
      });
  }

  /**
   * The site with a number below `count`. Throws FormatError `btf-limit` if its text is too long.
   */
  site(number: number): Site {
    const { id, name, first } = this.#sectionOf(number);
    const at = (number - first) * 3;
    const func = this.btf.tail(id, at);
    return {
      number,
      function: this.btf.name(func),
      section: name,
      offset: this.btf.tail(id, at + 2),
      standalone: func < this.btf.firstId,
      parameters: this.#parameters(func, this.btf.tail(id, at + 1)),
    };
  }

  #parameters(func: number, locations: number): SiteParameter[] {
    const { btf } = this;
    const proto = btf.sizeOrType(func);
    const known = btf.kind(locations) === Kind.LOC_PROTO ? btf.vlen(locations) : 0;
    let left = MAX_TEXT;
    return Array.from({ length: btf.vlen(proto) }, (_, place) => {
      const type = btf.tail(proto, place * 2 + 1);
      const name = btf.string(btf.tail(proto, place * 2));
      const id = place < known ? btf.tail(locations, place) : 0;
      const location = btf.kind(id) === Kind.LOC_PARAM ? readLocation(btf, id) : undefined;
      const text = type === 0 && name === '' ? '...' : printDeclaration(btf, type, { limit: left });
      left -= PER_PARAMETER + name.length + text.length;
      if (left < 0) {
        const message = `function ${func}: its parameters pass ${MAX_TEXT} characters`;
        throw new FormatError('btf-limit', message, { section: btf.section });
      }
      return { name, type: text, location };
    });
  }

  #sectionOf(number: number): Section {
    const found = this.#sections.findLast(({ first }) => first <= number);
    if (found === undefined) throw new RangeError(`site ${number} of ${this.count}`);
    return found;
  }

  /** The first site of a section at or after an offset. */
  #lowest(id: number, offset: number): number {
    let low = 0;
    let high = this.btf.vlen(id);
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.btf.tail(id, middle * 3 + 2) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #each(visit: (number: number, func: number) => void): void {
    for (const { id, first } of this.#sections) {
      const count = this.btf.vlen(id);
      for (let at = 0; at < count; at++) visit(first + at, this.btf.tail(id, at * 3));
    }
  }
}
