import { BtfBuilder, Kind, type Btf } from '@btf-depot/btf';

/** The same ids, with all dimensions of an array in one, as in pahole 1.30. */
export function withFlatArrays(btf: Btf): Btf {
  const b = new BtfBuilder({ endian: btf.endian });
  for (let id = 1; id < btf.endId; id++) {
    if (btf.kind(id) !== Kind.ARRAY) {
      b.copy(btf, id, (same) => same);
      continue;
    }
    let count = btf.tail(id, 2);
    let element = btf.tail(id, 0);
    for (; btf.kind(element) === Kind.ARRAY; element = btf.tail(element, 0)) {
      count *= btf.tail(element, 2);
    }
    b.add({ kind: Kind.ARRAY }, [element, btf.tail(id, 1), count]);
  }
  return b.toBtf();
}
