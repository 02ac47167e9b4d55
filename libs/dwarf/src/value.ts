/** Why an expression does not say where a value is in a way that one register or address can. */
export const UNSAID = [
  /** The value that a register had when the function was entered, and has no more. */
  'entry-value',
  /** What a pointer points to, but not the pointer. */
  'implicit-pointer',
  /** In the value of another parameter or variable. */
  'reference',
  /** In several places. */
  'pieces',
  /** By arithmetic that goes beyond one register, one sum and one read. */
  'computed',
  /** In storage of a thread. */
  'thread',
  /** By an operation that is not known. */
  'operation',
  /** The expression is cut off, or takes from an empty stack. */
  'malformed',
  /** It is a constant of more than eight bytes. */
  'wide',
  /** The expression is empty: optimised away. */
  'nothing',
] as const;

export type Unsaid = (typeof UNSAID)[number];

/** What a value, or the place of a value, follows from. */
export interface Value {
  /** `frame`: the frame base of the function, where no register is known for it. */
  readonly from: 'constant' | 'address' | 'register' | 'frame';
  /** DWARF's number; 0 if it is from no register. */
  readonly register: number;
  /** What is added; of a constant or an address, itself, modulo 2^64. */
  readonly offset: bigint;
  /** The value lies in memory, at that address. */
  readonly isRead: boolean;
  /** Bytes that the value has; 0: as many as its type. What is above follows from these: */
  readonly bytes: number;
  /** copies of the sign, where this is set, else zeros. */
  readonly isSigned: boolean;
  /** So many of its low bytes have been shifted to the upper end: half of a sign extension. */
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

/** The frame base, as a function's call-frame information says it or not. */
export const FRAME_BASE: Value = { ...constant(0n), from: 'frame' };

/** The sum, where it can be said. */
export function sum(value: Value, addend: bigint): Value | undefined {
  if (value.isRead || !isPlain(value)) return undefined;
  const total = value.offset + addend;
  const isWhole = value.from === 'constant' || value.from === 'address';
  return { ...value, offset: isWhole ? BigInt.asUintN(64, total) : BigInt.asIntN(64, total) };
}

/** What lies in memory at the address that a value is. */
export function inMemory(value: Value): Value | Unsaid {
  const isPlace = value.from !== 'constant' && !value.isRead && isPlain(value);
  return isPlace ? { ...value, isRead: true } : 'computed';
}

/** Whether all of it is meant, as it is. */
function isPlain({ bytes, shifted }: Value): boolean {
  return bytes === 0 && shifted === undefined;
}
