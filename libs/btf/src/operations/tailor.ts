import { Kind } from '../kinds.ts';
import { isModifier, type Btf } from '../wire/btf.ts';
import { BtfBuilder } from '../wire/builder.ts';
import { eachReference } from '../wire/references.ts';
import { fieldAccess, parseAccess } from '../core/local-access.ts';
import {
  candidates,
  matchEnumerator,
  matchField,
  typesCompatible,
  type TargetPath,
} from '../core/match.ts';
import { readCoreRelocations, RelocationKind, type CoreRelocation } from '../core/relocations.ts';

/** The relevant parts of a BPF object: its `.BTF`, parsed, and the contents of its `.BTF.ext`. */
export interface CoreObject {
  readonly btf: Btf;
  readonly ext: Uint8Array;
}

/**
 * The smallest standalone BTF of a kernel that serves the CO-RE relocations of some BPF objects, as
 * `bpftool gen min_core_btf` makes it: composites with only used members, at their offsets;
 * pointers to unneeded types become `void *`. A relocation without counterpart adds nothing. Types
 * keep their order. Throws FormatError `btf-ext`, `btf-truncated`, `btf-string`, `btf-type-id`.
 */
export function tailorBtf(target: Btf, objects: readonly CoreObject[]): Uint8Array<ArrayBuffer> {
  const needs = new Needs(target);
  for (const { btf, ext } of objects) {
    for (const relocation of readCoreRelocations(ext)) record(needs, btf, relocation);
  }
  return needs.build();
}

function record(needs: Needs, local: Btf, relocation: CoreRelocation): void {
  const { kind, type } = relocation;
  const { target } = needs;
  if (kind === RelocationKind.TYPE_ID_LOCAL) return;
  local.owner(type);
  const numbers = parseAccess(local.string(relocation.access));
  const found = candidates(local, type, target);
  if (kind <= RelocationKind.FIELD_RSHIFT) {
    const steps = fieldAccess(local, type, numbers);
    for (const root of found) {
      const path = matchField(local, steps, target, root);
      if (path === undefined) continue;
      needs.field(root, path);
      return;
    }
  } else if (kind === RelocationKind.ENUMVAL_EXISTS || kind === RelocationKind.ENUMVAL_VALUE) {
    const root = found.find((id) => matchEnumerator(local, type, numbers[0], target, id));
    if (root !== undefined) needs.type(root, false);
  } else {
    const root = found.find((id) => typesCompatible(local, type, target, id));
    if (root === undefined) return;
    if (kind === RelocationKind.TYPE_MATCHES) needs.whole(root);
    else needs.type(root, true);
  }
}

/** The needed types and members. */
class Needs {
  readonly target: Btf;
  readonly #types: Uint8Array;
  /** Needed members of composites, by index. */
  readonly #members = new Map<number, Set<number>>();

  constructor(target: Btf) {
    this.target = target;
    this.#types = new Uint8Array(target.endId);
  }

  /** Adds a type, and its parts except members; the target of a pointer only on request. */
  type(root: number, followPointers: boolean): void {
    const { target } = this;
    const stack = [root];
    const seen = new Set<number>();
    for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
      if (id === 0 || seen.has(id)) continue;
      seen.add(id);
      this.#types[id] = 1;
      const kind = target.kind(id);
      const goesOn =
        isModifier(kind) ||
        kind === Kind.ARRAY ||
        kind === Kind.FUNC_PROTO ||
        (kind === Kind.PTR && followPointers);
      if (goesOn) eachReference(target, id, (to) => stack.push(to));
    }
  }

  field(root: number, path: TargetPath): void {
    this.type(root, true);
    for (const { type, index } of path) {
      this.#member(type, index);
      this.type(this.target.tail(type, index * 3 + 1), false);
    }
  }

  /** Adds a type with all members, and theirs; pointers lead to their target but not into it. */
  whole(root: number): void {
    const { target } = this;
    const stack = [{ id: root, behindPointer: false }];
    const seen = new Set<string>();
    for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
      const { id, behindPointer } = top;
      const key = `${id} ${behindPointer}`;
      if (id === 0 || seen.has(key)) continue;
      seen.add(key);
      this.#types[id] = 1;
      const kind = target.kind(id);
      const isComposite = kind === Kind.STRUCT || kind === Kind.UNION;
      if (isComposite && behindPointer) continue;
      if (isComposite) for (let i = 0; i < target.vlen(id); i++) this.#member(id, i);
      const behind = behindPointer || kind === Kind.PTR;
      eachReference(target, id, (to) => stack.push({ id: to, behindPointer: behind }));
    }
  }

  build(): Uint8Array<ArrayBuffer> {
    const { target } = this;
    const builder = new BtfBuilder({ endian: target.endian });
    const ids = new Uint32Array(target.endId);
    let next = 1;
    for (let id = 1; id < target.endId; id++) if (this.#types[id] === 1) ids[id] = next++;
    const map = (id: number): number => ids[id];
    for (let id = 1; id < target.endId; id++) {
      if (this.#types[id] === 0) continue;
      const kind = target.kind(id);
      if (kind === Kind.STRUCT || kind === Kind.UNION) this.#addComposite(builder, id, map);
      else builder.copy(target, id, map);
    }
    return builder.finish();
  }

  #addComposite(builder: BtfBuilder, id: number, map: (id: number) => number): void {
    const { target } = this;
    const name = builder.stringFrom(target, target.nameOffset(id));
    const indexes = [...(this.#members.get(id) ?? [])].sort((a, b) => a - b);
    const tail = indexes.flatMap((index) => [
      builder.stringFrom(target, target.tail(id, index * 3)),
      map(target.tail(id, index * 3 + 1)),
      target.tail(id, index * 3 + 2),
    ]);
    // kflag stays even without bit fields: offsets of small structs read the same either way.
    const head = { kind: target.kind(id), name, kflag: target.kflag(id), vlen: indexes.length };
    builder.add({ ...head, sizeOrType: target.sizeOrType(id) }, tail);
  }

  #member(type: number, index: number): void {
    const members = this.#members.get(type) ?? new Set();
    members.add(index);
    this.#members.set(type, members);
  }
}
