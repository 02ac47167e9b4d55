import { FormatError } from '@btf-depot/bytes';
import { Kind, memberAt, sizeOf, type Btf } from '@btf-depot/btf';
import type { ElfClass } from '@btf-depot/elf';

/** The facts of `struct module` for the section `.gnu.linkonce.this_module`, in bytes. */
export interface StructModule {
  readonly size: number;
  /** Offset of its member `name`. */
  readonly nameOffset: number;
}

/** MODULE_NAME_LEN (include/linux/moduleparam.h): 64 bytes less an unsigned long. */
export function moduleNameLength(bits: ElfClass): number {
  return 64 - bits / 8;
}

/**
 * The layout of `struct module` (include/linux/module.h) in a kernel's BTF. Throws FormatError
 * `carrier-struct-module` if there is none, if there are several that differ, or if no kernel could
 * have it.
 */
export function structModule(core: Btf, bits: ElfClass): StructModule {
  const layouts = core
    .findAll('module', Kind.STRUCT)
    .map((id) => layoutOf(core, id, bits))
    .filter((layout) => layout !== undefined);
  const [first, ...others] = layouts;
  if (!first) throw failed('has no struct module with a name of the right length');
  if (others.some((one) => one.size !== first.size || one.nameOffset !== first.nameOffset)) {
    throw failed('has several struct module that differ');
  }
  return checkStructModule(first, bits);
}

/** Throws `carrier-struct-module` for numbers that no kernel's `struct module` has. */
export function checkStructModule(layout: StructModule, bits: ElfClass): StructModule {
  const { size, nameOffset } = layout;
  const fits = nameOffset >= 0 && nameOffset + moduleNameLength(bits) <= size;
  if (fits && size >= 128 && size <= 65_536 && size % 4 === 0) return layout;
  throw failed(`has a struct module of ${size} bytes with its name at ${nameOffset}`);
}

function layoutOf(core: Btf, id: number, bits: ElfClass): StructModule | undefined {
  for (let index = 0; index < core.vlen(id); index++) {
    const { name, type, bitOffset } = memberAt(core, id, index);
    if (core.string(name) !== 'name' || core.kind(type) !== Kind.ARRAY) continue;
    if (sizeOf(core, type) !== moduleNameLength(bits) || bitOffset % 8 !== 0) continue;
    return { size: core.sizeOrType(id), nameOffset: bitOffset / 8 };
  }
  return undefined;
}

function failed(what: string): FormatError {
  return new FormatError('carrier-struct-module', `the kernel's BTF ${what}`);
}
