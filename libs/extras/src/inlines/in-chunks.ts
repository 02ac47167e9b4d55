import { BtfBuilder, Kind, type Btf } from '@btf-depot/btf';

/** The limit of readers with 16 bits for the vlen: Linux before 7.2, and tools of that time. */
const NARROW_VLEN = 0xffff;

/**
 * The same BTF of inlined calls, with each LOCSEC split into several of its name with at most
 * `most` sites each. They replace the first one, so that earlier ids stay.
 */
export function inChunks(inlines: Btf, most: number = NARROW_VLEN): Uint8Array {
  const { base } = inlines;
  const out = new BtfBuilder({ base, endian: inlines.endian });
  const sections: number[] = [];
  const newIds = new Map<number, number>();
  let next = out.nextId;
  for (let id = inlines.firstId; id < inlines.endId; id++) {
    if (inlines.kind(id) === Kind.LOCSEC) sections.push(id);
    else newIds.set(id, next++);
  }
  const newId = (id: number): number => newIds.get(id) ?? id;
  for (const id of newIds.keys()) out.copy(inlines, id, newId);
  for (const id of sections) {
    const name = out.stringFrom(inlines, inlines.nameOffset(id));
    for (let from = 0; from < inlines.vlen(id); from += most) {
      const count = Math.min(most, inlines.vlen(id) - from);
      const tail = new Uint32Array(count * 3);
      for (let site = 0; site < count; site++) {
        const at = (from + site) * 3;
        tail[site * 3] = newId(inlines.tail(id, at));
        tail[site * 3 + 1] = newId(inlines.tail(id, at + 1));
        tail[site * 3 + 2] = inlines.tail(id, at + 2);
      }
      out.add({ kind: Kind.LOCSEC, name, vlen: count }, tail);
    }
  }
  return out.finish();
}
