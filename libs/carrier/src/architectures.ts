import { Machine, machineName, SectionFlag, SectionType } from '@btf-depot/elf';
import type { CarrierTarget } from './target.ts';

/** A section that an architecture's module loader demands; its contents mean nothing. */
export interface Placeholder {
  readonly name: string;
  /** ELF section flags. */
  readonly flags: number;
  /** PROGBITS or NOBITS; default PROGBITS. */
  readonly type?: number | undefined;
  /** Default 1. */
  readonly align?: number | undefined;
  /** Number of zeros; default one byte, as linker scripts write it (`BYTE(0)`). */
  readonly size?: number | undefined;
}

/** Limit for a placeholder's size and alignment: far above those of real modules. */
export const PLACEHOLDER_LIMIT = 4096;

/** Flags that a placeholder may have. */
export const PLACEHOLDER_FLAGS = SectionFlag.ALLOC | SectionFlag.WRITE | SectionFlag.EXECINSTR;

/** Additions to the modules of an architecture. */
export interface ModuleShape {
  readonly placeholders: readonly Placeholder[];
  /** e_flags of modules; 0 if the loader does not look. */
  readonly elfFlags: number;
  /** Further fields of `.modinfo`. */
  readonly modinfo: readonly { readonly key: string; readonly value: string }[];
}

const CODE = SectionFlag.ALLOC | SectionFlag.EXECINSTR;
const DATA = SectionFlag.ALLOC;

type Shaped = readonly [
  name: string,
  flags: number,
  rest?: Pick<Placeholder, 'type' | 'align' | 'size'>,
];

/** `.section …,@nobits; .align 3` of arch/powerpc/include/asm/module.h. */
const EMPTY = { type: SectionType.NOBITS, align: 8, size: 0 };

function shape(
  placeholders: readonly Shaped[] = [],
  elfFlags = 0,
  modinfo: ModuleShape['modinfo'] = [],
): ModuleShape {
  return {
    placeholders: placeholders.map(([name, flags, rest]) => ({ name, flags, ...rest })),
    elfFlags,
    modinfo,
  };
}

/**
 * By e_machine, from each architecture's module.lds.h and module_frob_arch_sections. Kernels of
 * each loaded carriers of this shape in the lab. Modules of riscv64 6.12 need no such sections.
 */
const SHAPES = new Map<number, ModuleShape>([
  // Without it a kernel built with retpolines reports that the module makes the system unsafe.
  [Machine.X86_64, shape([], 0, [{ key: 'retpoline', value: 'Y' }])],
  [
    Machine.AARCH64,
    shape([
      ['.plt', CODE],
      ['.init.plt', DATA],
      ['.text.ftrace_trampoline', CODE],
      ['.init.text.ftrace_trampoline', DATA],
    ]),
  ],
  // e_flags: EABI version 5 (elf_check_arch in arch/arm/kernel/elf.c).
  [Machine.ARM, shape([['.plt', CODE], ['.init.plt', DATA]], 0x05000000)], // prettier-ignore
  [Machine.RISCV, shape([['.plt', CODE], ['.got', DATA], ['.got.plt', DATA]])], // prettier-ignore
  // e_flags: ABI version 2 (module_elf_check_arch); .mygot is for kernels with PCREL. The loader
  // enlarges .stubs and copies the contents of a PROGBITS section from the file. stub_for_addr then
  // finds entries that nobody made, and warns.
  [
    Machine.PPC64,
    shape(
      [
        ['.stubs', CODE, EMPTY],
        ['.ftrace.tramp', CODE, EMPTY],
        ['.mygot', DATA, EMPTY],
      ],
      2,
    ),
  ],
  [Machine.S390, shape()],
  [
    Machine.LOONGARCH,
    shape([
      ['.got', DATA | SectionFlag.WRITE],
      ['.plt', CODE],
      ['.plt.idx', DATA],
      ['.ftrace_trampoline', DATA],
    ]),
  ],
]);

/** Undefined for an architecture whose loader's demands are unknown. */
export function moduleShape(machine: number): ModuleShape | undefined {
  return SHAPES.get(machine);
}

/**
 * Architectures whose kernels loaded carriers in the lab (tools/lab), by the names of
 * `machineName`.
 */
const TRIED: ReadonlySet<string> = new Set([
  'x86_64',
  'aarch64',
  'arm',
  's390x',
  'ppc64le',
  'riscv64',
  'loongarch64',
]);

/** Whether a kernel of this machine, class and byte order is known to load a carrier. */
export function isTried({ class: bits, endian, machine }: CarrierTarget): boolean {
  return TRIED.has(machineName(machine, bits, endian));
}

/** Names of placeholders of any architecture: those to copy from a real module. */
export const PLACEHOLDER_NAMES: ReadonlySet<string> = new Set(
  [...SHAPES.values()].flatMap(({ placeholders }) => placeholders.map(({ name }) => name)),
);
