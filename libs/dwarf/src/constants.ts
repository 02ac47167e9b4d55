// The values of DWARF 5, section 7.5 and 7.6, that this library or its users interpret; the rest
// stay numbers.

/** DW_TAG_*. */
export const Tag = {
  ARRAY_TYPE: 0x01,
  ENUMERATION_TYPE: 0x04,
  FORMAL_PARAMETER: 0x05,
  MEMBER: 0x0d,
  POINTER_TYPE: 0x0f,
  REFERENCE_TYPE: 0x10,
  COMPILE_UNIT: 0x11,
  STRUCTURE_TYPE: 0x13,
  SUBROUTINE_TYPE: 0x15,
  TYPEDEF: 0x16,
  UNION_TYPE: 0x17,
  UNSPECIFIED_PARAMETERS: 0x18,
  SUBRANGE_TYPE: 0x21,
  BASE_TYPE: 0x24,
  CONST_TYPE: 0x26,
  ENUMERATOR: 0x28,
  SUBPROGRAM: 0x2e,
  VARIABLE: 0x34,
  VOLATILE_TYPE: 0x35,
  RESTRICT_TYPE: 0x37,
  UNSPECIFIED_TYPE: 0x3b,
  PARTIAL_UNIT: 0x3c,
  TYPE_UNIT: 0x41,
  ATOMIC_TYPE: 0x47,
  LLVM_ANNOTATION: 0x6000,
} as const;

/** DW_AT_*. */
export const At = {
  SIBLING: 0x01,
  LOCATION: 0x02,
  NAME: 0x03,
  BYTE_SIZE: 0x0b,
  BIT_OFFSET: 0x0c,
  BIT_SIZE: 0x0d,
  LANGUAGE: 0x13,
  CONST_VALUE: 0x1c,
  PRODUCER: 0x25,
  UPPER_BOUND: 0x2f,
  ABSTRACT_ORIGIN: 0x31,
  ARTIFICIAL: 0x34,
  COUNT: 0x37,
  DATA_MEMBER_LOCATION: 0x38,
  DECLARATION: 0x3c,
  ENCODING: 0x3e,
  EXTERNAL: 0x3f,
  SPECIFICATION: 0x47,
  TYPE: 0x49,
  SIGNATURE: 0x69,
  DATA_BIT_OFFSET: 0x6b,
  STR_OFFSETS_BASE: 0x72,
  ADDR_BASE: 0x73,
  DWO_NAME: 0x76,
  GNU_DWO_NAME: 0x2130,
} as const;

/** DW_FORM_*. */
export const Form = {
  ADDR: 0x01,
  BLOCK2: 0x03,
  BLOCK4: 0x04,
  DATA2: 0x05,
  DATA4: 0x06,
  DATA8: 0x07,
  STRING: 0x08,
  BLOCK: 0x09,
  BLOCK1: 0x0a,
  DATA1: 0x0b,
  FLAG: 0x0c,
  SDATA: 0x0d,
  STRP: 0x0e,
  UDATA: 0x0f,
  REF_ADDR: 0x10,
  REF1: 0x11,
  REF2: 0x12,
  REF4: 0x13,
  REF8: 0x14,
  REF_UDATA: 0x15,
  INDIRECT: 0x16,
  SEC_OFFSET: 0x17,
  EXPRLOC: 0x18,
  FLAG_PRESENT: 0x19,
  STRX: 0x1a,
  ADDRX: 0x1b,
  REF_SUP4: 0x1c,
  STRP_SUP: 0x1d,
  DATA16: 0x1e,
  LINE_STRP: 0x1f,
  REF_SIG8: 0x20,
  IMPLICIT_CONST: 0x21,
  LOCLISTX: 0x22,
  RNGLISTX: 0x23,
  REF_SUP8: 0x24,
  STRX1: 0x25,
  STRX2: 0x26,
  STRX3: 0x27,
  STRX4: 0x28,
  ADDRX1: 0x29,
  ADDRX2: 0x2a,
  ADDRX3: 0x2b,
  ADDRX4: 0x2c,
  GNU_ADDR_INDEX: 0x1f01,
  GNU_STR_INDEX: 0x1f02,
  GNU_REF_ALT: 0x1f20,
  GNU_STRP_ALT: 0x1f21,
} as const;

/** DW_UT_* (7.5.1); units before DWARF 5 are given the one that they are. */
export const UnitType = {
  COMPILE: 1,
  TYPE: 2,
  PARTIAL: 3,
  SKELETON: 4,
  SPLIT_COMPILE: 5,
  SPLIT_TYPE: 6,
} as const;

/** DW_LANG_* that decide something here. */
export const Language = { RUST: 0x1c, MIPS_ASSEMBLER: 0x8001 } as const;

/** DW_ATE_*: encodings of base types. */
export const Encoding = {
  BOOLEAN: 2,
  COMPLEX_FLOAT: 3,
  FLOAT: 4,
  SIGNED: 5,
  SIGNED_CHAR: 6,
  UNSIGNED: 7,
  UNSIGNED_CHAR: 8,
} as const;

/** DW_OP_* that give the place of static storage. */
export const Op = { ADDR: 0x03, PLUS_UCONST: 0x23, ADDRX: 0xa1, GNU_ADDR_INDEX: 0xfb } as const;
