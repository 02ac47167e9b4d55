import { bytesSource, FormatError } from '@btf-depot/bytes';
import { readElf, type ElfHeader } from '@btf-depot/elf';
import { readModinfo, type ModinfoEntry } from './modinfo.ts';
import { isSigned } from './sign-module.ts';

/** BTF in a module; `bytes` is a view of the input. */
export interface CarriedSection {
  /** `.BTF`, `.BTF.vars`, … */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A module's own fields, and the BTF in it. */
export interface CarrierContents {
  readonly header: ElfHeader;
  /** All of `.modinfo`, in order. */
  readonly modinfo: readonly ModinfoEntry[];
  /** The first `name=`, `build_id=`, `btf_base_sha256=` and `vermagic=` of it. */
  readonly name?: string;
  readonly buildId?: string;
  readonly baseSha256?: string;
  readonly vermagic?: string;
  /** It has what a kernel's loader demands; otherwise it is a container for tools. */
  readonly loadable: boolean;
  /** A signature is appended, trusted or not. */
  readonly signed: boolean;
  /** In the order of the file. */
  readonly sections: readonly CarriedSection[];
}

/**
 * Reads a carrier, or any module of a kernel. Throws FormatError `carrier-none` for an ELF file
 * that is no module (it has no `.modinfo`), and errors of `readElf`.
 */
export function readCarrier(bytes: Uint8Array): CarrierContents {
  const elf = readElf(bytesSource(bytes));
  const section = elf.section('.modinfo');
  if (!section) throw new FormatError('carrier-none', 'no .modinfo: not a kernel module');
  const modinfo = readModinfo(elf.bytes(section));
  const first = <K extends string>(field: K, key: string): Partial<Record<K, string>> => {
    const entry = modinfo.find((candidate) => candidate.key === key);
    return entry ? ({ [field]: entry.value } as Record<K, string>) : {};
  };
  return {
    header: elf.header,
    modinfo,
    ...first('name', 'name'),
    ...first('buildId', 'build_id'),
    ...first('baseSha256', 'btf_base_sha256'),
    ...first('vermagic', 'vermagic'),
    loadable: elf.section('.gnu.linkonce.this_module') !== undefined,
    signed: isSigned(bytes),
    sections: elf.sections
      .filter(({ name }) => name === '.BTF' || name.startsWith('.BTF.'))
      .map((carried) => ({ name: carried.name, bytes: elf.bytes(carried) })),
  };
}
