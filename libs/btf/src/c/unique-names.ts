import { Kind } from '../kinds.ts';
import type { Btf } from '../wire/btf.ts';
import { identifier } from './identifiers.ts';

/**
 * Names for one C file. BTF may have several types of one name. C has two name spaces, one for tags
 * and one for the rest, in which later types get `___2`, `___3`, …, as with bpftool.
 */
export class UniqueNames {
  readonly #btf: Btf;
  readonly #byId = new Map<number, string>();
  readonly #tags = new Map<string, number>();
  readonly #others = new Map<string, number>();
  /** The type that a FWD of a name declares; looked up once for each name. */
  readonly #twins = new Map<string, number>();

  constructor(btf: Btf) {
    this.#btf = btf;
  }

  /** The name of a tagged type or typedef; the same for each call. */
  readonly ofType = (id: number): string => {
    const known = this.#byId.get(id);
    if (known !== undefined) return known;
    const btf = this.#btf;
    const kind = btf.kind(id);
    const name = btf.name(id);
    const twin = kind === Kind.FWD ? this.#twin(id, name) : id;
    const space = kind === Kind.TYPEDEF ? this.#others : this.#tags;
    const unique = twin === id ? claim(space, identifier(name)) : this.ofType(twin);
    this.#byId.set(id, unique);
    return unique;
  };

  /** The name of an enumerator at a string offset; each call gives another one. */
  readonly ofEnumerator = (nameOffset: number): string =>
    claim(this.#others, identifier(this.#btf.string(nameOffset)));

  /** The definition of that name if there is one, else the first FWD that was requested. */
  #twin(id: number, name: string): number {
    const btf = this.#btf;
    const isUnion = btf.kflag(id);
    const key = `${isUnion ? 'union' : 'struct'} ${name}`;
    const twin = this.#twins.get(key) ?? btf.find(name, isUnion ? Kind.UNION : Kind.STRUCT) ?? id;
    this.#twins.set(key, twin);
    return twin;
  }
}

function claim(space: Map<string, number>, name: string): string {
  let count = space.get(name) ?? 0;
  let unique = name;
  if (count > 0) {
    do unique = `${name}___${++count}`;
    while (space.has(unique));
    space.set(unique, 1);
    space.set(name, count);
    return unique;
  }
  space.set(name, 1);
  return unique;
}
