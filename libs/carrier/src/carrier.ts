import { FormatError } from '@btf-depot/bytes';
import { SectionFlag, writeRelocatable, type SectionInput } from '@btf-depot/elf';
import { writeModinfo } from './modinfo.ts';
import type { CarrierTarget } from './target.ts';

/** An extra on its way: split BTF on the kernel's core, carried in the section `.BTF.<name>`. */
export interface CarriedExtra {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface CarrierInput {
  /** Name of the module; default `btf_vmlinux`. */
  readonly name?: string;
  readonly target: CarrierTarget;
  /** The kernel's build ID, lowercase hexadecimal. */
  readonly buildId: string;
  /** SHA-256 of the core that the extras stand on, lowercase hexadecimal. */
  readonly baseSha256: string;
  /** Core itself, when it travels with its extras (delivery `module`): the section `.BTF`. */
  readonly core?: Uint8Array;
  /** In the order of their sections. */
  readonly extras: readonly CarriedExtra[];
  /** The kernel's vermagic string, where it is known. */
  readonly vermagic?: string;
}

/** MODULE_NAME_LEN of a 64-bit kernel, less the final zero (include/linux/module.h). */
const NAME_LIMIT = 55;

/**
 * A kernel's BTF as an ELF module (ET_REL): `.modinfo`, `.BTF` where core is given, one
 * `.BTF.<name>` for each extra. The same input gives the same bytes. Throws FormatError
 * `carrier-modinfo` where a field cannot be written, `carrier-name` for a name that is not one.
 */
export function carrier(input: CarrierInput): Uint8Array {
  return writeRelocatable({ ...input.target, sections: carrierSections(input) });
}

function carrierSections(input: CarrierInput): SectionInput[] {
  const sections: SectionInput[] = [
    // The loader finds .modinfo only with SHF_ALLOC (find_sec), and drops the flag itself.
    { name: '.modinfo', flags: SectionFlag.ALLOC, bytes: carrierModinfo(input) },
  ];
  // BTF is not ALLOC: the kernel copies what it registers, the rest need not stay in memory.
  if (input.core) sections.push({ name: '.BTF', align: 4, bytes: input.core });
  for (const { name, bytes } of input.extras) {
    checkName(name, /^[a-z][a-z0-9_]*$/);
    sections.push({ name: `.BTF.${name}`, align: 4, bytes });
  }
  return sections;
}

function carrierModinfo(input: CarrierInput): Uint8Array {
  const { name = 'btf_vmlinux', buildId, baseSha256, extras, vermagic } = input;
  checkName(name, /^[A-Za-z0-9_.]+$/);
  checkHex('build_id', buildId);
  checkHex('btf_base_sha256', baseSha256);
  const carried = [...(input.core ? ['core'] : []), ...extras.map((extra) => extra.name)];
  const entries = [
    { key: 'license', value: 'GPL' },
    { key: 'description', value: `BTF of the kernel: ${carried.join(', ')}` },
    { key: 'build_id', value: buildId },
    { key: 'btf_base_sha256', value: baseSha256 },
    { key: 'depends', value: '' },
    { key: 'name', value: name },
  ];
  if (vermagic !== undefined) entries.push({ key: 'vermagic', value: vermagic });
  return writeModinfo(entries);
}

function checkName(name: string, pattern: RegExp): void {
  if (pattern.test(name) && name.length <= NAME_LIMIT) return;
  throw new FormatError('carrier-name', `${JSON.stringify(name)} names no module or extra`);
}

function checkHex(key: string, value: string): void {
  if (/^(?:[0-9a-f]{2})+$/.test(value)) return;
  const message = `${key} is not lowercase hexadecimal`;
  throw new FormatError('carrier-modinfo', message, { section: '.modinfo' });
}
