import {
  addComposite,
  addInt,
  addPointer,
  addSection,
  addVariable,
  BtfBuilder,
  IntEncoding,
  Kind,
} from '@btf-depot/btf';
import { ByteWriter, type Endian } from '@btf-depot/bytes';
import { Machine, SectionType, writeRelocatable, type ElfClass } from '@btf-depot/elf';
import { buildIdOf } from '../builders.ts';

export interface KernelBtfOptions {
  endian?: Endian;
  /** 32: `long` has four bytes. */
  bits?: ElfClass;
  /** With global variables, as pahole's global_var writes them; else only the per-CPU one. */
  globals?: boolean;
  /**
   * Name of a struct and prefix of its members: kernels with different names share only the ints.
   */
  name?: string;
  /** More structs, of some 50 bytes each with their names: for kernels that take time. */
  ballast?: number;
}

/** The global variables of `kernelBtf({ globals: true })`. */
export const TEST_GLOBALS = ['init_task', 'tasks', 'verbose'];

/**
 * BTF of a made-up kernel: a struct that points to itself, an int, a per-CPU variable, and on
 * request global variables in two sections, one with a type that core lacks.
 */
export function kernelBtf(options: KernelBtfOptions = {}): Uint8Array {
  const {
    endian = 'little',
    bits = 64,
    globals = false,
    name = 'task_struct',
    ballast = 0,
  } = options;
  const word = bits / 8;
  const b = new BtfBuilder({ endian });
  const int = addInt(b, 'int', 4, IntEncoding.SIGNED);
  addInt(b, 'long unsigned int', word);
  const pointer = b.nextId;
  const task = b.nextId + 1;
  addPointer(b, task);
  addComposite(b, Kind.STRUCT, name, 2 * word, [
    { name: `${name}_pid`, type: int, bitOffset: 0 },
    { name: `${name}_parent`, type: pointer, bitOffset: 8 * word },
  ]);
  for (let i = 0; i < ballast; i++) {
    const member = { name: `member_${i}`, type: int, bitOffset: 0 };
    addComposite(b, Kind.STRUCT, `${name}_${i * 7919}`, 4, [member]);
  }
  const current = addVariable(b, 'current_task', pointer, 1);
  if (globals) {
    const init = addVariable(b, 'init_task', task, 1);
    const tasks = addVariable(b, 'tasks', addPointer(b, pointer), 0);
    const verbose = addVariable(b, 'verbose', int, 0);
    addSection(b, '.data', 3 * word, [
      { type: init, offset: 0, size: 2 * word },
      { type: tasks, offset: 2 * word, size: word },
    ]);
    addSection(b, '.bss', 8, [{ type: verbose, offset: 4, size: 4 }]);
  }
  addSection(b, '.data..percpu', word, [{ type: current, offset: 0, size: word }]);
  return b.finish();
}

export interface KernelFileOptions {
  /** Lowercase hexadecimal; undefined: the file has no build ID note. */
  buildId?: string | undefined;
  /** Undefined: no .BTF section. */
  btf?: Uint8Array | undefined;
  class?: ElfClass;
  endian?: Endian;
  machine?: number;
  /** Bytes of other content, as most of a real file is. */
  ballast?: number;
  /** Constants, instead of the ballast. */
  rodata?: Uint8Array;
}

/** A small ELF file with the parts of a vmlinux that ingest reads. */
export function kernelFile(options: KernelFileOptions = {}): Uint8Array {
  const { endian = 'little', ballast = 0 } = options;
  const buildId = 'buildId' in options ? options.buildId : buildIdOf('kernel');
  const btf = 'btf' in options ? options.btf : kernelBtf({ endian });
  return writeRelocatable({
    class: options.class ?? 64,
    endian,
    machine: options.machine ?? Machine.X86_64,
    sections: [
      ...(buildId === undefined ? [] : [{ ...noteSection, bytes: buildIdNote(buildId, endian) }]),
      { name: '.rodata', bytes: options.rodata ?? new Uint8Array(ballast) },
      ...(btf ? [{ name: '.BTF', bytes: btf }] : []),
    ],
  });
}

const noteSection = { name: '.notes', type: SectionType.NOTE, align: 4 };

/** The contents of a GNU build ID note (`.notes`). */
export function buildIdNote(buildId: string, endian: Endian): Uint8Array {
  const id = Buffer.from(buildId, 'hex');
  return new ByteWriter(endian)
    .u32(4)
    .u32(id.length)
    .u32(3)
    .bytes(Buffer.from('GNU\0', 'latin1'))
    .bytes(id)
    .finish();
}
