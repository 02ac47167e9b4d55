import { FormatError } from '@btf-depot/bytes';
import { Kind } from '../kinds.ts';
import type { Btf } from '../wire/btf.ts';
import { memberAt, pointerSize, sizeOf, type Member } from '../wire/size.ts';

/** How to write a STRUCT or UNION so that a C compiler gives it BTF's layout. */
export interface CompositePlan {
  readonly members: readonly PlannedMember[];
  /** Bits of padding after the last member. */
  readonly trailingBits: number;
  /** Start of that padding. */
  readonly trailingAt: number;
  readonly packed: boolean;
  /** Alignment of the whole in bytes, as the compiler computes it. */
  readonly align: number;
  /** Whether that needs an attribute. */
  readonly aligned: boolean;
  /** Bytes that a union needs as a member, if nothing else makes it large enough. */
  readonly filler: number;
}

export interface PlannedMember extends Member {
  /** Bits of padding before the member, and their start. */
  readonly paddingBits: number;
  readonly paddingAt: number;
}

/** Most nested structs; the kernel's deepest has some twenty. */
const MAX_NESTING = 200;

/**
 * Plans layouts and caches them. BTF has offsets and sizes but neither `packed` nor `aligned`. A
 * composite is packed if natural alignment would move a member or change the size, and unnamed bit
 * fields fill the space that natural alignment leaves.
 */
export class CompositeLayouts {
  readonly #btf: Btf;
  readonly #plans = new Map<number, CompositePlan>();
  readonly #alignments = new Map<number, number>();

  constructor(btf: Btf) {
    this.#btf = btf;
  }

  /** Throws FormatError `btf-depth` if composites contain each other. */
  plan(id: number, depth = 0): CompositePlan {
    let plan = this.#plans.get(id);
    if (plan === undefined) {
      if (depth > MAX_NESTING) {
        throw new FormatError('btf-depth', `type ${id}: composites nested too deeply`, {
          section: this.#btf.section,
        });
      }
      plan = this.#make(id, depth);
      this.#plans.set(id, plan);
    }
    return plan;
  }

  #make(id: number, depth: number): CompositePlan {
    const btf = this.#btf;
    const isUnion = btf.kind(id) === Kind.UNION;
    const size = btf.sizeOrType(id);
    const members = Array.from({ length: btf.vlen(id) }, (_, index) => {
      const member = memberAt(btf, id, index);
      const bytes = sizeOf(btf, member.type) ?? 0;
      return { ...member, bytes, align: this.#alignOf(member.type, depth) };
    });
    const natural = members.reduce((most, { align }) => Math.max(most, align), 1);
    const fits = members.every(({ bitOffset, bitSize, bytes, align }) => {
      if (bitSize === 0) return bitOffset % (align * 8) === 0;
      const unit = bytes * 8;
      return Math.floor(bitOffset / unit) === Math.floor((bitOffset + bitSize - 1) / unit);
    });
    const packed = !fits || size % natural !== 0;
    const align = packed ? 1 : natural;
    if (isUnion) return unionPlan(members, size, packed, align);

    let at = 0;
    const planned: PlannedMember[] = [];
    for (const member of members) {
      const { bitOffset, bitSize, bytes } = member;
      const next = nextPlace(at, member, packed);
      const paddingBits = bitOffset > next ? bitOffset - at : 0;
      planned.push({ ...member, paddingBits, paddingAt: at });
      at = Math.max(at, bitOffset + (bitSize === 0 ? bytes * 8 : bitSize));
    }
    const end = Math.ceil(at / (align * 8)) * align;
    const trailingBits = size > end ? size * 8 - at : 0;
    const rest = { aligned: false, filler: 0 };
    return { members: planned, trailingBits, trailingAt: at, packed, align, ...rest };
  }

  /** Alignment in bytes of a type in the printed C. */
  #alignOf(id: number, depth: number): number {
    let align = this.#alignments.get(id);
    if (align === undefined) {
      align = this.#findAlignment(id, depth);
      this.#alignments.set(id, align);
    }
    return align;
  }

  #findAlignment(id: number, depth: number): number {
    const btf = this.#btf;
    for (let links = 0; links < MAX_NESTING; links++) {
      const plain = btf.resolve(id) ?? 0;
      const kind = btf.kind(plain);
      if (kind === Kind.ARRAY) {
        id = btf.tail(plain, 0);
        continue;
      }
      if (kind === Kind.STRUCT || kind === Kind.UNION) return this.plan(plain, depth + 1).align;
      if (kind === Kind.PTR) return pointerSize(btf);
      const size = sizeOf(btf, plain) ?? 1;
      // For today's compilers, x86's 12-byte long double is a 16-byte one.
      return Math.min(16, 2 ** Math.ceil(Math.log2(Math.max(size, 1))));
    }
    return 1;
  }
}

interface Sized extends Member {
  readonly bytes: number;
  readonly align: number;
}

/** The bit at which a compiler would put the member without further text. */
function nextPlace(at: number, member: Sized, packed: boolean): number {
  const { bitSize, bytes, align } = member;
  if (bitSize === 0) {
    const unit = packed ? 8 : align * 8;
    return Math.ceil(at / unit) * unit;
  }
  if (packed) return at;
  const unit = bytes * 8;
  const crosses = Math.floor(at / unit) !== Math.floor((at + bitSize - 1) / unit);
  return crosses ? Math.ceil(at / unit) * unit : at;
}

function unionPlan(
  members: readonly Sized[],
  size: number,
  packed: boolean,
  align: number,
): CompositePlan {
  const most = members.reduce(
    (max, { bytes, bitSize }) => Math.max(max, bitSize === 0 ? bytes : Math.ceil(bitSize / 8)),
    0,
  );
  const planned = members.map((member) => ({ ...member, paddingBits: 0, paddingAt: 0 }));
  const rest = { members: planned, trailingBits: 0, trailingAt: 0, packed };
  if (Math.ceil(most / align) * align >= size) return { ...rest, align, aligned: false, filler: 0 };
  for (let wider = align * 2; wider <= size; wider *= 2) {
    if (Math.ceil(most / wider) * wider === size && most > 0) {
      return { ...rest, align: wider, aligned: true, filler: 0 };
    }
  }
  return { ...rest, align, aligned: false, filler: size };
}
