import { Kind } from '../kinds.ts';
import type { Btf } from '../wire/btf.ts';
import { eachReference } from '../wire/references.ts';
import { Definitions } from './definitions.ts';

export interface PrintHeaderOptions {
  /** Characters at most; default 256 Mi. */
  readonly limit?: number;
}

export const PRINT_HEADER_DEFAULTS = { limit: 256 * 1024 * 1024 } as const;

// Accesses of programs that include the header are relocated (CO-RE), as with bpftool's header.
const HEAD = `#ifndef __VMLINUX_H__
#define __VMLINUX_H__

#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)
#endif

`;
const FOOT = `#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute pop
#endif

#endif /* __VMLINUX_H__ */
`;

/**
 * All types of a BTF and its bases as one C header, a `vmlinux.h`, in pieces of text. Compilers for
 * 64-bit targets give every composite BTF's layout. Throws FormatError `btf-cycle`, `btf-depth`,
 * `btf-limit`.
 */
export function* printHeader(btf: Btf, options: PrintHeaderOptions = {}): Generator<string> {
  const { limit } = { ...PRINT_HEADER_DEFAULTS, ...options };
  const definitions = new Definitions(btf, limit);
  const referred = new Uint8Array(btf.endId);
  for (let id = 1; id < btf.endId; id++) eachReference(btf, id, (target) => (referred[target] = 1));
  yield HEAD;
  for (let id = 1; id < btf.endId; id++) {
    if (!standsAlone(btf, id, referred[id] === 1)) continue;
    definitions.define(id);
    yield* definitions.pieces.splice(0);
  }
  yield FOOT;
}

/** Named types, and anonymous enums that no other type writes out. */
function standsAlone(btf: Btf, id: number, referred: boolean): boolean {
  const named = btf.nameOffset(id) !== 0;
  switch (btf.kind(id)) {
    case Kind.STRUCT:
    case Kind.UNION:
    case Kind.TYPEDEF:
    case Kind.FWD:
      return named;
    case Kind.ENUM:
    case Kind.ENUM64:
      return named || !referred;
    default:
      return false;
  }
}
