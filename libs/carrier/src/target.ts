import type { Endian } from '@btf-depot/bytes';
import { Machine, machineName, type ElfClass } from '@btf-depot/elf';

/** The kind of ELF of a kernel's modules: class, byte order and e_machine. */
export interface CarrierTarget {
  readonly class: ElfClass;
  readonly endian: Endian;
  readonly machine: number;
}

/** EM_NONE: the kernel's architecture is unknown, as with BTF without its kernel. */
const NO_MACHINE = 0;

/**
 * The target for a kernel's record. Without an architecture, or with one that the ELF library does
 * not name, the machine is EM_NONE; without a class, 64 bits.
 */
export function carrierTarget(kernel: {
  readonly arch?: string | undefined;
  readonly bits?: ElfClass | undefined;
  readonly endian: Endian;
}): CarrierTarget {
  const { arch, bits = 64, endian } = kernel;
  const machine = Object.values(Machine).find((one) => machineName(one, bits, endian) === arch);
  return { class: bits, endian, machine: machine ?? NO_MACHINE };
}
