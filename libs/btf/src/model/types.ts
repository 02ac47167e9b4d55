// The model: types as objects that refer to each other, never to ids, for code that builds or
// changes BTF by hand. Hot loops read the wire. To add a kind: an interface here, its name in the
// union, and a case each in decode.ts and encode.ts, which the compiler then demands.

/** The absence of a type, such as the target of a `void *`. */
export interface VoidType {
  kind: 'void';
}

export interface IntType {
  kind: 'int';
  name: string;
  /** Bytes. */
  size: number;
  /** IntEncoding bits: signed, char, bool. */
  encoding: number;
  bits: number;
  bitOffset: number;
}

export interface FloatType {
  kind: 'float';
  name: string;
  size: number;
}

export interface PointerType {
  kind: 'pointer';
  type: BtfType;
}

export interface QualifierType {
  kind: 'const' | 'volatile' | 'restrict';
  type: BtfType;
}

export interface TypedefType {
  kind: 'typedef';
  name: string;
  type: BtfType;
}

/** `attribute` (Linux 6.15): the name is any attribute, not a btf_type_tag. */
export interface TypeTagType {
  kind: 'typeTag';
  name: string;
  type: BtfType;
  attribute: boolean;
}

export interface ArrayType {
  kind: 'array';
  type: BtfType;
  index: BtfType;
  count: number;
}

export interface CompositeMember {
  name: string;
  type: BtfType;
  bitOffset: number;
  /** Width of a bit field, 0 for others. Needs the composite's `bitFields`. */
  bitSize: number;
}

export interface CompositeType {
  kind: 'struct' | 'union';
  name: string;
  size: number;
  members: CompositeMember[];
  /** kflag: offsets also hold widths, and so have at most 24 bits. */
  bitFields: boolean;
}

export interface EnumType {
  kind: 'enum' | 'enum64';
  name: string;
  size: number;
  signed: boolean;
  values: { name: string; value: bigint }[];
}

export interface ForwardType {
  kind: 'forward';
  name: string;
  isUnion: boolean;
}

export interface FunctionProtoType {
  kind: 'functionProto';
  result: BtfType;
  /** The last may be `void` without a name: `...`. */
  parameters: { name: string; type: BtfType }[];
}

export interface FunctionType {
  kind: 'function';
  name: string;
  type: BtfType;
  linkage: number;
}

export interface VariableType {
  kind: 'variable';
  name: string;
  type: BtfType;
  linkage: number;
}

export interface SectionType {
  kind: 'section';
  name: string;
  size: number;
  entries: { type: BtfType; offset: number; size: number }[];
}

export interface DeclTagType {
  kind: 'declTag';
  name: string;
  type: BtfType;
  /** Member or parameter, -1 for the whole. */
  component: number;
  attribute: boolean;
}

export interface LocationParameterType {
  kind: 'locationParameter';
  size: number;
  flags: number;
  values: number[];
}

export interface LocationProtoType {
  kind: 'locationProto';
  /** One for each parameter of the function; void if it is not available. */
  parameters: BtfType[];
}

export interface LocationSectionType {
  kind: 'locationSection';
  name: string;
  sites: { func: BtfType; proto: BtfType; offset: number }[];
}

/** A kind that only the layout section knows; its words are kept, ids in them are not followed. */
export interface UnknownType {
  kind: 'unknown';
  name: string;
  info: number;
  sizeOrType: number;
  words: number[];
}

export type BtfType =
  | VoidType
  | IntType
  | FloatType
  | PointerType
  | QualifierType
  | TypedefType
  | TypeTagType
  | ArrayType
  | CompositeType
  | EnumType
  | ForwardType
  | FunctionProtoType
  | FunctionType
  | VariableType
  | SectionType
  | DeclTagType
  | LocationParameterType
  | LocationProtoType
  | LocationSectionType
  | UnknownType;

/** The one void. */
export const VOID: VoidType = { kind: 'void' };
