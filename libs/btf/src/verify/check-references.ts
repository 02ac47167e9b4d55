import type { Btf } from '../wire/btf.ts';
import { eachIdSlot, eachNameSlot } from '../wire/references.ts';
import type { Faults } from './faults.ts';
import { nameOffsetValid } from './names.ts';

/**
 * Checks that every id and string offset leads somewhere. A kernel checks most of them only when it
 * follows them, which for its own BTF and its modules' may be when someone uses it; here they are
 * always found. Returns whether all are valid.
 */
export function checkReferences(btf: Btf, faults: Faults): boolean {
  const { words, positions, firstId, endId } = btf;
  const before = faults.found.length;
  for (let own = 0; own < positions.length && !faults.full; own++) {
    const at = positions[own];
    eachNameSlot(words, at, (slot) => {
      if (nameOffsetValid(btf, words[slot])) return;
      faults.type(btf, firstId + own, 'name', `Invalid name_offset:${words[slot]}`, slot - at);
    });
    eachIdSlot(words, at, (slot) => {
      if (words[slot] < endId) return;
      const message = `Invalid type_id ${words[slot]} of ${endId}`;
      faults.type(btf, firstId + own, 'type-id', message, slot - at);
    });
  }
  return faults.found.length === before;
}
