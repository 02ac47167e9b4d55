import { FormatError } from '@btf-depot/bytes';
import { Kind } from '../kinds.ts';
import { isModifier, type Btf } from '../wire/btf.ts';
import { bodyOf, enumBodyOf } from './bodies.ts';
import { CWriter } from './declarator.ts';
import { UniqueNames } from './unique-names.ts';

/** Most nested definitions; real kernels stay under a hundred. */
const MAX_DEPTH = 1000;

const OPEN = 1;
const DONE = 2;

/**
 * Definitions in an order that C accepts: contained types come before, types behind a pointer are
 * declared. `pieces` is the text so far.
 */
export class Definitions {
  readonly pieces: string[] = [];
  readonly writer: CWriter;
  readonly #btf: Btf;
  readonly #names: UniqueNames;
  readonly #states = new Map<number, number>();
  /** `struct file`, …: a FWD and a definition of one name are one declaration. */
  readonly #declared = new Set<string>();

  /** `limit`: characters at most. */
  constructor(btf: Btf, limit: number) {
    this.#btf = btf;
    this.#names = new UniqueNames(btf);
    this.writer = new CWriter(btf, limit, this.#names.ofType, this.#names.ofEnumerator);
  }

  /** Defines a named type, after everything that it needs. */
  define(id: number, depth = 0): void {
    if (this.#states.has(id)) return;
    this.#checkDepth(id, depth);
    this.#states.set(id, OPEN);
    const btf = this.#btf;
    switch (btf.kind(id)) {
      case Kind.STRUCT:
      case Kind.UNION:
        this.#defineComposite(id, depth);
        break;
      case Kind.ENUM:
      case Kind.ENUM64:
        this.#emit(`${enumBodyOf(this.writer, id, this.#head(id, 'enum'), 0)};\n\n`);
        break;
      case Kind.TYPEDEF:
        this.#defineTypedef(id, depth);
        break;
      case Kind.FWD:
        this.#declare(id);
        break;
    }
    this.#states.set(id, DONE);
  }

  /** Writes what C needs before a value of the type is declared. */
  complete(id: number, depth = 0): void {
    const btf = this.#btf;
    this.#checkDepth(id, depth);
    const kind = btf.kind(id);
    if (kind === Kind.TYPEDEF) {
      this.complete(btf.sizeOrType(id), depth + 1);
      this.define(id, depth + 1);
    } else if (isModifier(kind)) this.complete(btf.sizeOrType(id), depth + 1);
    else if (kind === Kind.ARRAY) this.complete(btf.tail(id, 0), depth + 1);
    else if (kind === Kind.PTR) this.declared(btf.sizeOrType(id), depth + 1);
    else if (isTagged(kind) && btf.nameOffset(id) !== 0) this.define(id, depth + 1);
    else this.#parts(id, depth);
  }

  /** Writes what C needs before a pointer to the type is declared. */
  declared(id: number, depth = 0): void {
    const btf = this.#btf;
    this.#checkDepth(id, depth);
    const kind = btf.kind(id);
    const isComposite = kind === Kind.STRUCT || kind === Kind.UNION;
    if ((isComposite || kind === Kind.FWD) && btf.nameOffset(id) !== 0) this.#declare(id);
    else if (kind === Kind.TYPEDEF) this.define(id, depth + 1);
    else if (isModifier(kind) || kind === Kind.PTR) this.declared(btf.sizeOrType(id), depth + 1);
    else this.complete(id, depth + 1);
  }

  /** Types inside another's text: members of anonymous composites, parameters. */
  #parts(id: number, depth: number): void {
    const btf = this.#btf;
    const kind = btf.kind(id);
    const isProto = kind === Kind.FUNC_PROTO;
    if (!isProto && kind !== Kind.STRUCT && kind !== Kind.UNION) return;
    if (this.#states.has(id)) return;
    this.#states.set(id, OPEN);
    if (isProto) {
      this.declared(btf.sizeOrType(id), depth + 1);
      for (let i = 0; i < btf.vlen(id); i++) this.declared(btf.tail(id, i * 2 + 1), depth + 1);
    } else {
      for (let i = 0; i < btf.vlen(id); i++) this.complete(btf.tail(id, i * 3 + 1), depth + 1);
    }
    this.#states.set(id, DONE);
  }

  #defineComposite(id: number, depth: number): void {
    const btf = this.#btf;
    for (let i = 0; i < btf.vlen(id); i++) this.complete(btf.tail(id, i * 3 + 1), depth + 1);
    const keyword = btf.kind(id) === Kind.UNION ? 'union' : 'struct';
    const head = this.#head(id, keyword);
    this.#emit(`${bodyOf(this.writer, id, head, 0, 0)};\n\n`);
    this.#declared.add(head);
  }

  #defineTypedef(id: number, depth: number): void {
    const btf = this.#btf;
    const target = btf.sizeOrType(id);
    const kind = btf.kind(target);
    const isComposite = kind === Kind.STRUCT || kind === Kind.UNION;
    if (isComposite && btf.nameOffset(target) !== 0) this.#declare(target);
    else this.complete(target, depth + 1);
    this.#emit(`typedef ${this.writer.declare(target, this.#names.ofType(id))};\n\n`);
  }

  #declare(id: number): void {
    const btf = this.#btf;
    const kind = btf.kind(id);
    const isUnion = kind === Kind.UNION || (kind === Kind.FWD && btf.kflag(id));
    const head = this.#head(id, isUnion ? 'union' : 'struct');
    if (this.#declared.has(head)) return;
    this.#declared.add(head);
    this.#emit(`${head};\n\n`);
  }

  #head(id: number, keyword: string): string {
    return this.#btf.nameOffset(id) === 0 ? keyword : `${keyword} ${this.#names.ofType(id)}`;
  }

  #emit(text: string): void {
    this.pieces.push(text);
  }

  #checkDepth(id: number, depth: number): void {
    if (depth <= MAX_DEPTH) return;
    const message = `type ${id}: definitions need each other too deeply`;
    throw new FormatError('btf-depth', message, { section: this.#btf.section });
  }
}

function isTagged(kind: number): boolean {
  return (
    kind === Kind.STRUCT ||
    kind === Kind.UNION ||
    kind === Kind.ENUM ||
    kind === Kind.ENUM64 ||
    kind === Kind.FWD
  );
}
