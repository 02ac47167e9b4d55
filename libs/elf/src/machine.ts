import type { Endian } from '@btf-depot/bytes';

/** 32 for ELFCLASS32, 64 for ELFCLASS64. */
export type ElfClass = 32 | 64;

/** e_machine of the architectures that Linux has BTF for. */
export const Machine = {
  I386: 3,
  MIPS: 8,
  PARISC: 15,
  PPC: 20,
  PPC64: 21,
  S390: 22,
  ARM: 40,
  SPARCV9: 43,
  X86_64: 62,
  AARCH64: 183,
  RISCV: 243,
  BPF: 247,
  LOONGARCH: 258,
} as const;

/**
 * The name that `uname -m` or a compiler's triple uses: x86_64, aarch64, arm, s390x, ppc64le, …
 * `machine-N` for what is not in the table.
 */
export function machineName(machine: number, bits: ElfClass, endian: Endian): string {
  const little = endian === 'little';
  switch (machine) {
    case Machine.I386:
      return 'i386';
    case Machine.MIPS:
      return `mips${bits === 64 ? '64' : ''}${little ? 'el' : ''}`;
    case Machine.PARISC:
      return 'parisc';
    case Machine.PPC:
      return 'ppc';
    case Machine.PPC64:
      return little ? 'ppc64le' : 'ppc64';
    case Machine.S390:
      return bits === 64 ? 's390x' : 's390';
    case Machine.ARM:
      return little ? 'arm' : 'armeb';
    case Machine.SPARCV9:
      return 'sparc64';
    case Machine.X86_64:
      return 'x86_64';
    case Machine.AARCH64:
      return little ? 'aarch64' : 'aarch64_be';
    case Machine.RISCV:
      return `riscv${bits}`;
    case Machine.BPF:
      return 'bpf';
    case Machine.LOONGARCH:
      return `loongarch${bits}`;
    default:
      return `machine-${machine}`;
  }
}
