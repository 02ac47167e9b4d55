import { BtfBuilder, Kind, type Btf } from '@btf-depot/btf';

/**
 * The same ids, with all variables in sections of other names: a full BTF becomes a core that has
 * every type and no variable yet.
 */
export function withVariablesElsewhere(btf: Btf): Btf {
  const b = new BtfBuilder({ endian: btf.endian });
  for (let id = 1; id < btf.endId; id++) {
    if (btf.kind(id) !== Kind.DATASEC) {
      b.copy(btf, id, (same) => same);
      continue;
    }
    const vlen = btf.vlen(id);
    const tail = Uint32Array.from({ length: vlen * 3 }, (_, index) => btf.tail(id, index));
    const name = b.string(`elsewhere${btf.name(id)}`);
    b.add({ kind: Kind.DATASEC, name, vlen, sizeOrType: btf.sizeOrType(id) }, tail);
  }
  return b.toBtf();
}
