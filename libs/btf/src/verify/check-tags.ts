import { Kind } from '../kinds.ts';
import { isModifier, type Btf } from '../wire/btf.ts';
import type { Faults } from './faults.ts';

/** Most links of a chain of modifiers that the kernel follows. */
const CHAIN_LIMIT = 32;

/**
 * Checks that type tags precede all other modifiers of a chain, and that no chain is a cycle or has
 * more than 32 links. Source: kernel/bpf/btf.c, btf_check_type_tags.
 */
export function checkTypeTags(btf: Btf, faults: Faults): void {
  // A chain that reaches a type already found good need not be followed further.
  let good = btf.firstId - 1;
  for (let id = btf.firstId; id < btf.endId && !faults.full; id++) {
    if (!isModifier(btf.kind(id))) continue;
    if (checkChain(btf, id, good, faults)) good = id;
  }
}

function checkChain(btf: Btf, id: number, good: number, faults: Faults): boolean {
  let current = id;
  let inTags = btf.kind(id) === Kind.TYPE_TAG;
  for (let left = CHAIN_LIMIT; isModifier(btf.kind(current)); left--) {
    if (left === 0) {
      return faults.type(btf, id, 'cycle', 'Max chain length or cycle detected', 2);
    }
    const isTag = btf.kind(current) === Kind.TYPE_TAG;
    if (isTag && !inTags) {
      return faults.type(btf, id, 'type-tag', "Type tags don't precede modifiers", 2);
    }
    inTags &&= isTag;
    if (current <= good) return true;
    current = btf.sizeOrType(current);
  }
  return true;
}
