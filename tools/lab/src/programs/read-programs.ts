import { ByteWriter } from '@btf-depot/bytes';
import { Kind, sizeOf, type Btf } from '@btf-depot/btf';
import type { Variable } from '@btf-depot/extras';

/** Bytes of results for each variable: its first 8 bytes, and the helper's return value. */
export const RESULT_SIZE = 16;

/** Variables in one program: some 6,000 instructions. */
const IN_ONE = 500;

const LD_IMM64 = 0x18;
const LOAD_BYTE = 0x71;
const STORE_WORD64 = 0x7b;
const MOVE = 0xbf;
const MOVE_NUMBER = 0xb7;
const CALL = 0x85;
const EXIT = 0x95;
const PSEUDO_MAP_VALUE = 2;
const PSEUDO_BTF_ID = 3;
/** BPF_FUNC_probe_read_kernel, include/uapi/linux/bpf.h. */
const PROBE_READ_KERNEL = 113;

/**
 * BPF programs that read the first bytes of each variable, in the form of guest/read-ksyms.c. A
 * helper reads each variable, and survives and reports a fault. If the verifier allows it, the
 * program reads the variable directly before that, without protection from a fault.
 */
export function readPrograms(ksyms: Btf, variables: readonly Variable[]): Uint8Array {
  const out = new ByteWriter('little', 1 << 20);
  out.u32(Math.ceil(variables.length / IN_ONE)).u32(IN_ONE * RESULT_SIZE);
  for (let at = 0; at < variables.length; at += IN_ONE) {
    const some = variables.slice(at, at + IN_ONE);
    const program = new ByteWriter('little', 1 << 16);
    some.forEach((variable, index) => addRead(program, ksyms, variable, index * RESULT_SIZE));
    addInstruction(program, MOVE_NUMBER, 0);
    addInstruction(program, EXIT, 0);
    out
      .u32(program.length / 8)
      .u32(some.length * RESULT_SIZE)
      .bytes(program.finish());
  }
  return out.finish();
}

function addRead(out: ByteWriter, ksyms: Btf, { id, type }: Variable, result: number): void {
  const size = Math.min(8, sizeOf(ksyms, type) ?? 0);
  addAddress(out, 6, PSEUDO_MAP_VALUE, 0, result);
  addAddress(out, 3, PSEUDO_BTF_ID, id, 0);
  // For the verifier a struct is a pointer to a type of BTF, and reading one always survives a
  // fault.
  const kind = ksyms.kind(ksyms.resolve(type) ?? 0);
  if (kind !== Kind.STRUCT && kind !== Kind.UNION) addInstruction(out, LOAD_BYTE, 0x32);
  addInstruction(out, MOVE, 0x61);
  addInstruction(out, MOVE_NUMBER, 0x02, 0, size);
  addInstruction(out, CALL, 0, 0, PROBE_READ_KERNEL);
  addInstruction(out, STORE_WORD64, 0x06, 8);
}

/** `registers`: destination in the low half, source in the high one. */
function addInstruction(
  out: ByteWriter,
  code: number,
  registers: number,
  offset = 0,
  immediate = 0,
): void {
  out
    .u8(code)
    .u8(registers)
    .u16(offset)
    .u32(immediate >>> 0);
}

/** BPF_LD_IMM64 of an address that the kernel fills in; the guest adds the file descriptor. */
function addAddress(
  out: ByteWriter,
  register: number,
  what: number,
  first: number,
  second: number,
): void {
  addInstruction(out, LD_IMM64, register | (what << 4), 0, first);
  addInstruction(out, 0, 0, 0, second);
}
