import { bytesSource } from '@btf-depot/bytes';
import { readElf } from '@btf-depot/elf';
import { expect, it } from 'vitest';
import { Op } from '../constants.ts';
import {
  Expressions,
  inRegister,
  readDwarf,
  type Unit,
  type Unsaid,
  type Value,
} from '../index.ts';
import { buildImage, codeSection, inlinedCalls } from '../testing/index.ts';

const source = bytesSource(buildImage(inlinedCalls([]), [codeSection]));
const dwarf = readDwarf(readElf(source), source);
const units: Unit[] = [];
dwarf.eachUnit((unit) => units.push(unit));

function read(size: number, ...expression: number[]): Value | Unsaid {
  const bytes = Uint8Array.from(expression);
  return new Expressions(dwarf.tables).read({ bytes, from: 0, to: bytes.length }, size, {
    unit: units[0],
    frameBase: () => inRegister(7, 24n),
    callFrame: () => inRegister(7, 24n),
  });
}

const lit = (value: number): number => Op.LIT0 + value;
const breg = (register: number, offset: number): number[] => [Op.BREG0 + register, offset & 0x7f];
const long = [0x21, 0x43, 0x65, 0x87, 0xff, 0xff, 0xff, 0xff];

it.each([
  ['a register', 8, [Op.REG0 + 5], { from: 'register', register: 5, offset: 0n, isRead: false }],
  ['one of a larger number', 8, [Op.REGX, 40], { from: 'register', register: 40 }],
  ['memory at a register', 8, breg(6, -16), { register: 6, offset: -16n, isRead: true }],
  ['a sum', 8, [...breg(6, 8), Op.STACK_VALUE], { register: 6, offset: 8n, isRead: false }],
  ['memory at the frame base', 4, [Op.FBREG, 0x78], { register: 7, offset: 16n, isRead: true }],
  ['an address in the frame', 8, [Op.FBREG, 0x78, Op.STACK_VALUE], { offset: 16n, isRead: false }],
  ['the frame itself', 8, [Op.CALL_FRAME_CFA, Op.STACK_VALUE], { register: 7, offset: 24n }],
  ['a constant', 4, [lit(7), Op.STACK_VALUE], { from: 'constant', offset: 7n }],
  ['a negative one', 4, [Op.CONST1S, 0xfe, Op.STACK_VALUE], { offset: 0xfffffffffffffffen }],
  ['a calculated one', 4, [lit(3), lit(4), Op.SHL, lit(1), Op.OR, Op.STACK_VALUE], { offset: 49n }],
  ['bytes', 2, [Op.IMPLICIT_VALUE, 2, 0x34, 0x12], { from: 'constant', offset: 0x1234n }],
  ['an address', 8, [Op.ADDR, ...long, Op.STACK_VALUE], { from: 'address', isRead: false }],
  ['memory at one', 4, [Op.ADDR, ...long], { offset: 0xffffffff87654321n, isRead: true }],
  ['what a register points to', 8, [...breg(3, 16), Op.DEREF, Op.STACK_VALUE], { bytes: 8 }],
  ['less of it', 8, [...breg(3, 16), Op.DEREF_SIZE, 2, Op.STACK_VALUE], { bytes: 2, isRead: true }],
  [
    'the low bytes of a register',
    8,
    [...breg(0, 0), Op.CONST4U, 255, 255, 255, 255, Op.AND, Op.STACK_VALUE],
    { bytes: 4, isSigned: false, isRead: false },
  ],
  [
    'these with their sign',
    8,
    [...breg(0, 0), lit(31), lit(1), Op.PLUS, Op.SHL, lit(31), lit(1), Op.PLUS, Op.SHRA].concat(
      Op.STACK_VALUE,
    ),
    { bytes: 4, isSigned: true },
  ],
  ['a register that may not be initialised', 8, [Op.REG0 + 5, Op.GNU_UNINIT], { register: 5 }],
  ['memory of which gcc says it', 8, [...breg(6, 8), Op.GNU_UNINIT], { register: 6, isRead: true }],
  ['one piece that is all', 4, [Op.REG0, Op.PIECE, 4], { register: 0 }],
  ['memory in one piece', 8, [...breg(7, 0), Op.PIECE, 8], { register: 7, isRead: true }],
  [
    'what stands elsewhere on the stack',
    8,
    [lit(1), lit(2), Op.SWAP, Op.STACK_VALUE],
    { offset: 1n },
  ],
] as const)('%s', (_what, size, expression, value) => {
  expect(read(size, ...expression)).toMatchObject(value);
});

it.each([
  ['entry-value', [Op.ENTRY_VALUE, 1, Op.REG0 + 5, Op.STACK_VALUE]],
  ['entry-value', [Op.GNU_ENTRY_VALUE, 1, Op.REG0 + 5, Op.STACK_VALUE]],
  ['implicit-pointer', [Op.IMPLICIT_POINTER, 0, 0, 0, 0, 0]],
  ['reference', [Op.GNU_PARAMETER_REF, 0, 0, 0, 0, Op.STACK_VALUE]],
  ['pieces', [Op.REG0, Op.PIECE, 8, Op.REG0 + 1, Op.PIECE, 8]],
  ['pieces', [Op.PIECE, 8, Op.REG0, Op.PIECE, 8]],
  ['computed', [...breg(0, 0), ...breg(1, 0), Op.PLUS, Op.STACK_VALUE]],
  ['computed', [...breg(0, 0), Op.DEREF, Op.DEREF, Op.STACK_VALUE]],
  ['computed', [...breg(0, 0), lit(31), Op.SHL, Op.STACK_VALUE]],
  ['computed', [lit(1), Op.BRA, 0, 0, Op.STACK_VALUE]],
  ['computed', [lit(1), lit(0), Op.DIV, Op.STACK_VALUE]],
  ['thread', [Op.CONST1U, 8, Op.FORM_TLS_ADDRESS]],
  ['wide', [Op.IMPLICIT_VALUE, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
  ['operation', [0xe5]],
  ['nothing', []],
  ['malformed', [Op.STACK_VALUE]],
  ['malformed', [Op.PLUS, Op.STACK_VALUE]],
  ['malformed', [Op.CONST8U, 1, 2]],
  ['malformed', [Op.IMPLICIT_VALUE, 8, 1]],
  ['malformed', [Op.REG0, Op.REG0]],
  ['malformed', [lit(1), Op.PICK, 4, Op.STACK_VALUE]],
  ['malformed', [lit(1), ...Array.from({ length: 300 }, () => Op.DUP), Op.STACK_VALUE]],
] as const)('what cannot be said: %s', (why, expression) => {
  expect(read(8, ...expression)).toBe(why);
});

it.each([
  ['operations', breg(0, 0), Op.NOP],
  ['calculations', [lit(1), Op.DUP], Op.DUP],
  ['notes', [Op.REG0], Op.GNU_UNINIT],
])('an expression with %s without end costs no more than a long one', (_what, first, more) => {
  const million = [...first, ...new Array<number>(1_000_000).fill(more)];
  const bytes = Uint8Array.from(million);
  const context = {
    unit: units[0],
    frameBase: () => inRegister(7),
    callFrame: () => inRegister(7),
  };
  const expressions = new Expressions(dwarf.tables);
  const started = performance.now();
  // One for each parameter of calls that name it.
  const answers = new Set<unknown>();
  for (let i = 0; i < 1000; i++) {
    answers.add(expressions.read({ bytes, from: 0, to: bytes.length }, 8, context));
  }
  expect([...answers]).toEqual([expect.any(String)]);
  expect(performance.now() - started).toBeLessThan(10_000);
});
