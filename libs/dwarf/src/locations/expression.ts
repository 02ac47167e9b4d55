import { addressAt } from './addresses.ts';
import { binary, unary } from './arithmetic.ts';
import { Op } from '../constants.ts';
import type { Tables } from '../tables.ts';
import { Operands } from './operands.ts';
import type { Unit } from '../unit.ts';
import { address, constant, inMemory, inRegister, sum, type Unsaid, type Value } from './value.ts';

/** Values on the stack; compilers need under ten. */
const DEEPEST = 256;

/**
 * Bytes of an expression that are read. In Debian's 7.2 and 6.12 the longest expression has 2,661
 * bytes, and the longest with a known result 18. Parameters of many calls may share one expression,
 * so its length alone decides the cost of each.
 */
const LONGEST = 4096;

const REGISTERS = Array.from({ length: 32 }, (_, number) => inRegister(number));

export interface ExpressionContext {
  readonly unit: Unit;
  /** What DW_OP_fbreg adds to: the function's DW_AT_frame_base. */
  readonly frameBase: () => Value | Unsaid;
  /** DW_OP_call_frame_cfa. */
  readonly callFrame: () => Value | Unsaid;
}

/** Sizes of DW_OP_const1u to const8s, by their distance from the first. */
const CONSTANT_SIZES = [1, 1, 2, 2, 4, 4, 8, 8];

/**
 * Evaluates location expressions (DWARF 5, 2.5 and 2.6) whose result is a constant, or one register
 * or address plus an offset, perhaps dereferenced once. The contents of registers are unknown here,
 * so every other expression has no known result.
 */
export class Expressions {
  /**
   * Expressions are cached: they mean the same in all units and functions with that address size.
   */
  isFree = true;
  readonly #tables: Tables;
  readonly #code = new Operands();
  readonly #stack: Value[] = [];
  #unsaid: Unsaid | undefined;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  /**
   * The result of the expression in `bytes` for a value of `size` bytes. Throws FormatError
   * `dwarf-entry` for an invalid address index.
   */
  read(
    { bytes, from, to }: { bytes: Uint8Array; from: number; to: number },
    size: number,
    context: ExpressionContext,
  ): Value | Unsaid {
    this.isFree = true;
    if (from >= to) return 'nothing';
    const register = bytes[from] - Op.REG0;
    if (to - from === 1 && register >= 0 && register < 32) return REGISTERS[register];
    const end = Math.min(to, from + LONGEST);
    this.#code.place(bytes, from, end, context.unit.endian === 'little');
    this.#stack.length = 0;
    this.#unsaid = undefined;
    const value = this.#run(size, context);
    if (end < to && this.#code.at >= end) return 'computed';
    if (this.#unsaid !== undefined) return this.#unsaid;
    return this.#code.isCutOff ? 'malformed' : value;
  }

  #run(size: number, context: ExpressionContext): Value | Unsaid {
    const code = this.#code;
    while (code.at < code.to && this.#unsaid === undefined) {
      const operation = code.bytes[code.at++];
      if (operation >= Op.REG0 && operation < Op.BREG0) {
        return this.#all(inRegister(operation - Op.REG0), size);
      }
      switch (operation) {
        case Op.REGX:
          return this.#all(inRegister(code.unsigned()), size);
        case Op.STACK_VALUE: {
          const value = this.#pop();
          return value.shifted === undefined ? this.#all(value, size) : 'computed';
        }
        case Op.IMPLICIT_VALUE: {
          const length = code.unsigned();
          return length > 8 ? 'wide' : this.#all(constant(code.fixed(length)), size);
        }
        case Op.PIECE:
          code.at--;
          return this.#stack.length === 0 ? 'pieces' : this.#all(inMemory(this.#pop()), size);
        default:
          this.#operate(operation, context);
      }
    }
    return inMemory(this.#pop());
  }

  /** A final value, or the one piece that is all of it. */
  #all(value: Value | Unsaid, size: number): Value | Unsaid {
    const code = this.#code;
    while (code.at < code.to && code.bytes[code.at] === Op.GNU_UNINIT) code.at++;
    if (code.at >= code.to) return value;
    const operation = code.bytes[code.at++];
    if (operation !== Op.PIECE) return operation === Op.BIT_PIECE ? 'pieces' : 'malformed';
    const isAll = code.unsigned() >= size && size > 0 && code.at >= code.to;
    return isAll ? value : 'pieces';
  }

  /** Runs one operation on the stack. */
  #operate(operation: number, context: ExpressionContext): void {
    const code = this.#code;
    if (operation >= Op.LIT0 && operation < Op.REG0) {
      this.#push(constant(BigInt(operation - Op.LIT0)));
    } else if (operation >= Op.BREG0 && operation < Op.REGX) {
      this.#push(inRegister(operation - Op.BREG0, code.signed64()));
    } else if (operation >= Op.CONST1U && operation <= Op.CONST8S) {
      const size = CONSTANT_SIZES[operation - Op.CONST1U];
      const value = code.fixed(size);
      const isSigned = (operation - Op.CONST1U) % 2 === 1;
      this.#push(constant(isSigned ? BigInt.asIntN(size * 8, value) : value));
    } else if (operation >= Op.DUP && operation <= Op.ROT) {
      this.#rearrange(operation);
    } else if (operation === Op.ABS || operation === Op.NEG || operation === Op.NOT) {
      this.#push(unary(operation, this.#pop()));
    } else if (isBinary(operation)) {
      const second = this.#pop();
      const first = this.#pop();
      // Big endian: the low bytes do not come first in memory. Rare, so left without a result.
      const isElsewhere = context.unit.endian === 'big' && (first.isRead || second.isRead);
      this.#push(isElsewhere ? 'computed' : binary(operation, first, second));
    } else this.#fetch(operation, context);
  }

  /** Operations that take a value from elsewhere. */
  #fetch(operation: number, { unit, frameBase, callFrame }: ExpressionContext): void {
    const code = this.#code;
    const { addressSize } = unit.header;
    switch (operation) {
      case Op.NOP:
      case Op.GNU_UNINIT:
        break;
      case Op.CONSTU:
        this.#push(constant(code.unsigned64()));
        break;
      case Op.CONSTS:
        this.#push(constant(code.signed64()));
        break;
      case Op.BREGX: {
        const register = code.unsigned();
        this.#push(inRegister(register, code.signed64()));
        break;
      }
      case Op.FBREG: {
        this.isFree = false;
        const base = frameBase();
        const offset = code.signed64();
        this.#push(typeof base === 'string' ? base : (sum(base, offset) ?? 'computed'));
        break;
      }
      case Op.CALL_FRAME_CFA:
        this.isFree = false;
        this.#push(callFrame());
        break;
      case Op.ADDR:
        this.#push(address(code.fixed(addressSize)));
        break;
      case Op.ADDRX:
        this.#push(address(this.#indexed(unit)));
        break;
      case Op.CONSTX:
        this.#push(constant(this.#indexed(unit)));
        break;
      case Op.PLUS_UCONST: {
        const value = this.#pop();
        this.#push(sum(value, code.unsigned64()) ?? 'computed');
        break;
      }
      case Op.DEREF:
        this.#read(addressSize);
        break;
      case Op.DEREF_SIZE:
        this.#read(Number(code.fixed(1)));
        break;
      default:
        this.#unsaid = WHY.get(operation) ?? 'operation';
    }
  }

  #indexed(unit: Unit): bigint {
    this.isFree = false;
    const near = addressAt(unit, this.#tables, this.#code.unsigned(), unit.header.firstEntry);
    return this.#tables.space.address(near);
  }

  #read(bytes: number): void {
    const value = inMemory(this.#pop());
    this.#push(typeof value === 'string' ? value : { ...value, bytes });
  }

  #rearrange(operation: number): void {
    const stack = this.#stack;
    const index =
      operation === Op.PICK ? Number(this.#code.fixed(1)) : operation === Op.OVER ? 1 : 0;
    switch (operation) {
      case Op.DROP:
        this.#pop();
        break;
      case Op.SWAP:
      case Op.ROT: {
        const top = this.#pop();
        const below = operation === Op.SWAP ? 1 : 2;
        if (stack.length < below) this.#unsaid = 'malformed';
        else stack.splice(stack.length - below, 0, top);
        break;
      }
      default: {
        const value = stack.at(-1 - index);
        this.#push(value ?? 'malformed');
      }
    }
  }

  #push(value: Value | Unsaid): void {
    if (typeof value === 'string') this.#unsaid ??= value;
    else if (this.#stack.length >= DEEPEST) this.#unsaid = 'malformed';
    else this.#stack.push(value);
  }

  #pop(): Value {
    const value = this.#stack.pop();
    if (value === undefined) this.#unsaid ??= 'malformed';
    return value ?? NOTHING;
  }
}

const NOTHING = constant(0n);

function isBinary(operation: number): boolean {
  const isCalculation = operation >= Op.AND && operation <= Op.XOR;
  const isComparison = operation >= Op.EQ && operation <= Op.NE;
  return (isCalculation && operation !== Op.PLUS_UCONST) || isComparison;
}

const ENDS: Readonly<Partial<Record<Unsaid, readonly number[]>>> = {
  'entry-value': [Op.ENTRY_VALUE, Op.GNU_ENTRY_VALUE],
  'implicit-pointer': [Op.IMPLICIT_POINTER, Op.GNU_IMPLICIT_POINTER],
  reference: [Op.GNU_PARAMETER_REF, Op.GNU_VARIABLE_VALUE],
  pieces: [Op.BIT_PIECE],
  thread: [Op.FORM_TLS_ADDRESS, Op.GNU_PUSH_TLS_ADDRESS],
  computed: [
    Op.BRA,
    Op.SKIP,
    Op.CONST_TYPE,
    Op.REGVAL_TYPE,
    Op.DEREF_TYPE,
    Op.CONVERT,
    Op.REINTERPRET,
    Op.GNU_CONST_TYPE,
    Op.GNU_REGVAL_TYPE,
    Op.GNU_DEREF_TYPE,
    Op.GNU_CONVERT,
    Op.GNU_REINTERPRET,
  ],
};

/** Why an expression with this operation has no known result. */
const WHY = new Map(
  Object.entries(ENDS).flatMap(([why, operations]) =>
    operations.map((operation) => [operation, why as Unsaid] as const),
  ),
);
