import { Kind } from '../kinds.ts';
import { isModifier, type Btf } from './btf.ts';

/** Most links of a chain (typedefs, qualifiers, dimensions); C code has under twenty. */
const MAX_CHAIN = 256;

/**
 * Bytes of a value of the type; for a VAR its type's, for a FUNC and void none. Undefined for
 * cycles, incomplete types and sizes beyond 32 bits.
 */
export function sizeOf(btf: Btf, id: number): number | undefined {
  let count = 1;
  for (let links = 0; links < MAX_CHAIN; links++) {
    const kind = btf.kind(id);
    if (kind === Kind.ARRAY) {
      count *= btf.tail(id, 2);
      id = btf.tail(id, 0);
    } else if (isModifier(kind) || kind === Kind.VAR) {
      id = btf.sizeOrType(id);
    } else {
      const size = kind === Kind.PTR ? pointerSize(btf) : hasSize(kind) ? btf.sizeOrType(id) : NaN;
      const total = count * size;
      return total <= 0xffffffff ? total : undefined;
    }
  }
  return undefined;
}

/** Whether the head's third word is a size in bytes. */
export function hasSize(kind: number): boolean {
  return (
    kind === Kind.INT ||
    kind === Kind.STRUCT ||
    kind === Kind.UNION ||
    kind === Kind.ENUM ||
    kind === Kind.ENUM64 ||
    kind === Kind.FLOAT ||
    kind === Kind.DATASEC
  );
}

const pointerSizes = new WeakMap<Btf, number>();

/**
 * Bytes of a pointer: BTF does not say, but on Linux C's `long` has the same width. 8 without a
 * `long`.
 */
export function pointerSize(btf: Btf): number {
  let size = pointerSizes.get(btf);
  if (size === undefined) {
    const names = ['long unsigned int', 'long int', 'unsigned long', 'long'];
    const long = names.map((name) => btf.find(name, Kind.INT)).find((id) => id !== undefined);
    size = long !== undefined && btf.sizeOrType(long) === 4 ? 4 : 8;
    pointerSizes.set(btf, size);
  }
  return size;
}

/** One member of a STRUCT or UNION as in C. */
export interface Member {
  readonly name: number;
  readonly type: number;
  /** From the start of the composite. */
  readonly bitOffset: number;
  /** 0 if it is no bit field. */
  readonly bitSize: number;
}

/**
 * Member `index` of a composite. With kflag the offset word holds a bit field's width; in older BTF
 * the member's type does, an INT with bit offset and width.
 */
export function memberAt(btf: Btf, id: number, index: number): Member {
  const name = btf.tail(id, index * 3);
  const type = btf.tail(id, index * 3 + 1);
  const word = btf.tail(id, index * 3 + 2);
  if (btf.kflag(id)) {
    return { name, type, bitOffset: word & 0xffffff, bitSize: word >>> 24 };
  }
  const plain = btf.resolve(type);
  if (plain !== undefined && btf.kind(plain) === Kind.INT) {
    const encoding = btf.tail(plain, 0);
    const [shift, bits] = [(encoding >>> 16) & 0xff, encoding & 0xff];
    if (shift !== 0 || bits !== btf.sizeOrType(plain) * 8) {
      return { name, type, bitOffset: word + shift, bitSize: bits };
    }
  }
  return { name, type, bitOffset: word, bitSize: 0 };
}
