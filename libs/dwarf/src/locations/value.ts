/** Why an expression does not place a value in one register or at one address. */
export const UNSAID = [
  /** The value that a register had at the function's entry, and has lost since. */
  'entry-value',
  /** The target of a pointer is known, but not the pointer. */
  'implicit-pointer',
  /** Inside the value of another parameter or variable. */
  'reference',
  /** In several places. */
  'pieces',
  /** By arithmetic beyond one register, one sum and one read. */
  'computed',
  /** In storage of a thread. */
  'thread',
  /** By an unknown operation. */
  'operation',
  /** The expression is cut off, or pops an empty stack. */
  'malformed',
  /** A constant of more than eight bytes. */
  'wide',
  /** The expression is empty: optimised away. */
  'nothing',
] as const;

export type Unsaid = (typeof UNSAID)[number];

/** The source of a value, or of its address. */
export interface Value {
  /** `frame`: the frame base of the function, if no register is known for it. */
  readonly from: 'constant' | 'address' | 'register' | 'frame';
  /** DWARF's number; 0 if no register is involved. */
  readonly register: number;
  /** The addend; for a constant or an address its value, modulo 2^64. */
  readonly offset: bigint;
  /** The value is in memory at that address. */
  readonly isRead: boolean;
  /** Bytes of the value; 0: as many as its type has. */
  readonly bytes: number;
  /** The bytes above these are copies of the sign; else zeros. */
  readonly isSigned: boolean;
  /** Number of low bytes shifted to the upper end: half of a sign extension. */
  readonly shifted?: number;
}

const NOTHING_DONE = { register: 0, isRead: false, bytes: 0, isSigned: false };

export function constant(value: bigint): Value {
  const offset = BigInt.asUintN(64, value);
  return { ...NOTHING_DONE, from: 'constant', offset };
}

export function address(value: bigint): Value {
  return { ...constant(value), from: 'address' };
}

/** What a register holds, and something added to it. */
export function inRegister(register: number, offset = 0n): Value {
  return { ...NOTHING_DONE, from: 'register', register, offset };
}

/** The frame base, whether or not call-frame information gives it. */
export const FRAME_BASE: Value = { ...constant(0n), from: 'frame' };

/** The sum, if it is known. */
export function sum(value: Value, addend: bigint): Value | undefined {
  if (value.isRead || !isPlain(value)) return undefined;
  const total = value.offset + addend;
  const isWhole = value.from === 'constant' || value.from === 'address';
  return { ...value, offset: isWhole ? BigInt.asUintN(64, total) : BigInt.asIntN(64, total) };
}

/** The contents of memory at an address. */
export function inMemory(value: Value): Value | Unsaid {
  const isPlace = value.from !== 'constant' && !value.isRead && isPlain(value);
  return isPlace ? { ...value, isRead: true } : 'computed';
}

/** Whether it is the whole, unchanged value. */
function isPlain({ bytes, shifted }: Value): boolean {
  return bytes === 0 && shifted === undefined;
}
