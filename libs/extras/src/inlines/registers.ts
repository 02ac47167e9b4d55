// Names of registers by DWARF's numbers, for assemblers, and for the kernel
// (regs_query_register_offset of each architecture): kprobe events take the kernel's name after a
// %.

interface RegisterNames {
  readonly assembler: readonly string[];
  readonly kernel: readonly string[];
}

const numbered = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, number) => `${prefix}${number}`);

const X86 = ['ax', 'dx', 'cx', 'bx', 'si', 'di', 'bp', 'sp'];
const RISCV = [
  'zero',
  'ra',
  'sp',
  'gp',
  'tp',
  't0',
  't1',
  't2',
  's0',
  's1',
  ...numbered('a', 8),
  's2',
  's3',
  's4',
  's5',
  's6',
  's7',
  's8',
  's9',
  's10',
  's11',
  't3',
  't4',
  't5',
  't6',
];
const ARM = [...numbered('r', 11), 'fp', 'ip', 'sp', 'lr', 'pc'];
const ARM64 = [...numbered('x', 31), 'sp'];
const S390 = numbered('r', 16);
const PPC = { assembler: numbered('r', 32), kernel: numbered('gpr', 32) };

/** By the names of machineName in libs/elf. Sources: each psABI, arch/X/kernel/ptrace.c. */
const NAMES: Readonly<Record<string, RegisterNames>> = {
  x86_64: {
    assembler: [...X86.map((name) => `r${name}`), ...numbered('r', 16).slice(8)],
    kernel: [...X86, ...numbered('r', 16).slice(8)],
  },
  i386: {
    assembler: ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'],
    kernel: ['ax', 'cx', 'dx', 'bx', 'sp', 'bp', 'si', 'di'],
  },
  aarch64: { assembler: ARM64, kernel: ARM64 },
  arm: { assembler: ARM, kernel: ARM },
  riscv64: { assembler: RISCV, kernel: RISCV },
  s390x: { assembler: S390, kernel: S390 },
  ppc64le: PPC,
  ppc64: PPC,
};

/** The assembler's name of a register; `register 17` for unknown ones. */
export function registerName(arch: string | undefined, number: number): string {
  return namesOf(arch)?.assembler.at(number) ?? `register ${number}`;
}

/** The kernel's name of a register. */
export function kernelRegister(arch: string | undefined, number: number): string | undefined {
  return namesOf(arch)?.kernel.at(number);
}

function namesOf(arch: string | undefined): RegisterNames | undefined {
  return arch !== undefined && Object.hasOwn(NAMES, arch) ? NAMES[arch] : undefined;
}
