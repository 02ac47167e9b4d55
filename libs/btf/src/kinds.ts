// The wire format of each kind. Source: Documentation/bpf/btf.rst and include/uapi/linux/btf.h;
// kinds 20 to 22 as in bpf-next, October 2026. To add a kind: here, the union in model/types.ts
// with decode and encode, verify, and the printers.

/** BTF_KIND_* by name. */
export const Kind = {
  VOID: 0,
  INT: 1,
  PTR: 2,
  ARRAY: 3,
  STRUCT: 4,
  UNION: 5,
  ENUM: 6,
  FWD: 7,
  TYPEDEF: 8,
  VOLATILE: 9,
  CONST: 10,
  RESTRICT: 11,
  FUNC: 12,
  FUNC_PROTO: 13,
  VAR: 14,
  DATASEC: 15,
  FLOAT: 16,
  DECL_TAG: 17,
  TYPE_TAG: 18,
  ENUM64: 19,
  LOC_PARAM: 20,
  LOC_PROTO: 21,
  LOCSEC: 22,
} as const;

export type KindName = keyof typeof Kind;

/** The last kind whose layout is built in. */
export const LAST_KIND = Kind.LOCSEC;

const NAMES = Object.keys(Kind) as KindName[];

/** `STRUCT` for 4; `KIND_n` for a kind that this library does not know. */
export function kindName(kind: number): string {
  return NAMES.at(kind) ?? `KIND_${kind}`;
}

interface Shape {
  /** The third word of the type (`size` or `type`) is a type id. */
  readonly headIsId?: true;
  /** Words after the three of the head that every type of the kind has. */
  readonly fixed?: number;
  /** Words of each of the vlen elements. */
  readonly element?: number;
  /** Indexes of type ids in the fixed words, or else in each element. */
  readonly ids?: readonly number[];
  /** Index of a string offset in each element. */
  readonly name?: number;
}

const SHAPES: Readonly<Record<KindName, Shape>> = {
  VOID: {},
  INT: { fixed: 1 },
  PTR: { headIsId: true },
  ARRAY: { fixed: 3, ids: [0, 1] },
  STRUCT: { element: 3, ids: [1], name: 0 },
  UNION: { element: 3, ids: [1], name: 0 },
  ENUM: { element: 2, name: 0 },
  FWD: {},
  TYPEDEF: { headIsId: true },
  VOLATILE: { headIsId: true },
  CONST: { headIsId: true },
  RESTRICT: { headIsId: true },
  FUNC: { headIsId: true },
  FUNC_PROTO: { headIsId: true, element: 2, ids: [1], name: 0 },
  VAR: { headIsId: true, fixed: 1 },
  DATASEC: { element: 3, ids: [0] },
  FLOAT: {},
  DECL_TAG: { headIsId: true, fixed: 1 },
  TYPE_TAG: { headIsId: true },
  ENUM64: { element: 3, name: 0 },
  LOC_PARAM: { fixed: 1, element: 1 },
  LOC_PROTO: { element: 1, ids: [0] },
  LOCSEC: { element: 3, ids: [0, 1] },
};

/**
 * One number for each kind, for hot loops; 128 entries, since `info` has seven bits for the kind.
 */
function table(of: (shape: Shape) => number): Int8Array {
  const values = new Int8Array(128);
  NAMES.forEach((name, kind) => (values[kind] = of(SHAPES[name])));
  return values;
}

/** Words after the head that every type of the kind has. */
export const FIXED_WORDS = table(({ fixed = 0 }) => fixed);
/** Words of each of the vlen elements. */
export const ELEMENT_WORDS = table(({ element = 0 }) => element);
/** 1 if the head's third word is a type id. */
export const HEAD_IS_ID = table(({ headIsId }) => (headIsId ? 1 : 0));
/** Ids in each element (for an array: in its fixed words). */
export const IDS = table(({ ids = [] }) => ids.length);
/** Index of the first id in an element; a second one follows it. */
export const FIRST_ID = table(({ ids = [] }) => ids[0] ?? 0);
/** 1 if each element starts with a name. */
export const ELEMENT_NAMED = table(({ name }) => (name === undefined ? 0 : 1));

/** The kind in an `info` word: bits 24 to 30, of which kernels before 7.2 use five. */
export function infoKind(info: number): number {
  return (info >>> 24) & 0x7f;
}

/** The vlen in an `info` word: bits 0 to 23, of which kernels before 7.2 use sixteen. */
export function infoVlen(info: number): number {
  return info & 0xffffff;
}

/** An `info` word. */
export function packInfo(kind: number, vlen: number, kflag: boolean): number {
  return ((kflag ? 0x80000000 : 0) | (kind << 24) | vlen) >>> 0;
}

/** Flags of a LOC_PARAM. */
export const LocFlag = {
  SIGNED: 0x1,
  CONST: 0x2,
  ADDR: 0x4,
  REG: 0x8,
  DEREF: 0x10,
  OFFSET: 0x20,
} as const;

/** LOC_PARAM's register number for the frame base. */
export const FRAME_BASE_REGISTER = 0xffffffff;

export function isComposite(kind: number): boolean {
  return kind === Kind.STRUCT || kind === Kind.UNION;
}

export function isEnum(kind: number): boolean {
  return kind === Kind.ENUM || kind === Kind.ENUM64;
}
