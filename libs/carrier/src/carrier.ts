import { FormatError } from '@btf-depot/bytes';
import { SectionFlag, writeRelocatable, type SectionInput } from '@btf-depot/elf';
import { moduleShape, PLACEHOLDER_LIMIT, type Placeholder } from './architectures.ts';
import type { LoadFacts } from './load-facts.ts';
import { writeModinfo } from './modinfo.ts';
import { checkStructModule, moduleNameLength } from './struct-module.ts';
import type { CarrierTarget } from './target.ts';
import { extendedVersionsSections, versionsSection } from './versions.ts';

/** An extra in a carrier: split BTF on the kernel's core, in the section `.BTF.<name>`. */
export interface CarriedExtra {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface CarrierInput {
  /** Name of the module; default `btf_vmlinux`. The kernel shows its BTF under this name. */
  readonly name?: string;
  readonly target: CarrierTarget;
  /** The kernel's build ID, lowercase hexadecimal. */
  readonly buildId: string;
  /** SHA-256 of the core that is the extras' base, lowercase hexadecimal. */
  readonly baseSha256: string;
  /**
   * The section `.BTF`: `ksyms`, which the kernel registers, or `core` itself, sent with its extras
   * (delivery `module`).
   */
  readonly btf?: { readonly holds: 'ksyms' | 'core'; readonly bytes: Uint8Array } | undefined;
  /** In the order of their sections. */
  readonly extras: readonly CarriedExtra[];
  /** Makes the kernel load it; if absent, the carrier is a container. */
  readonly load?: LoadFacts | undefined;
}

/**
 * Version of the writer. `judgeCarrier` compares published carriers with its output, so a change of
 * the output is a new version: the modinfo field `writer` then states it, and the earlier version
 * stays callable.
 */
export const WRITER = 1;

/**
 * A kernel's BTF as an ELF module (ET_REL) without code: `.modinfo`, the loader's demands if `load`
 * gives them, `.BTF`, and one `.BTF.<name>` for each extra. The same input gives the same bytes.
 * Throws FormatError: `carrier-modinfo` for a field that cannot be written, `carrier-name` for an
 * invalid name, `carrier-struct-module`, `carrier-module` for a placeholder larger than any
 * build's, `carrier-machine` for an architecture whose loader's demands are unknown,
 * `carrier-inline` for inlines beside `.BTF` under upstream's name.
 */
export function carrier(input: CarrierInput): Uint8Array {
  const { target, load } = input;
  const header = load ? moduleHeader(target.machine, load) : {};
  return writeRelocatable({ ...target, ...header, sections: carrierSections(input) });
}

/** The ELF header's fields for modules that a kernel of this machine loads. */
export function moduleHeader(
  machine: number,
  { elfFlags = moduleShape(machine)?.elfFlags ?? 0, osabi = 0 }: Partial<LoadFacts>,
): { flags: number; osabi: number } {
  return { flags: elfFlags, osabi };
}

function carrierSections(input: CarrierInput): SectionInput[] {
  const { btf, extras, load } = input;
  const sections: SectionInput[] = [
    // The loader finds .modinfo only with SHF_ALLOC (find_sec), and drops the flag itself.
    { name: '.modinfo', flags: SectionFlag.ALLOC, bytes: carrierModinfo(input) },
    ...(load ? loaderSections(input, load) : []),
  ];
  // BTF is not ALLOC: the kernel copies what it registers, and need not keep the rest.
  if (btf) sections.push({ name: '.BTF', align: 4, bytes: btf.bytes });
  for (const { name, bytes } of extras) {
    checkName(name, /^[a-z][a-z0-9_]*$/, NAME_LIMIT);
    if (name === LINKED_INLINES && btf) throw inlinesBesideBtf();
    sections.push({ name: `.BTF.${name}`, align: 4, bytes });
  }
  return sections;
}

/**
 * Sections that load_module looks for (kernel/module/main.c: elf_validity_cache_copy,
 * check_version).
 */
function loaderSections(input: CarrierInput, load: LoadFacts): SectionInput[] {
  const { target, name = DEFAULT_NAME } = input;
  const { size, nameOffset } = checkStructModule(load.structModule, target.class);
  const self = new Uint8Array(size);
  self.set(Buffer.from(name, 'latin1'), nameOffset);
  const placeholders = load.placeholders ?? placeholdersFor(target);
  placeholders.forEach(checkPlaceholder);
  const { layoutCrc } = load;
  return [
    {
      name: '.gnu.linkonce.this_module',
      flags: SectionFlag.ALLOC | SectionFlag.WRITE,
      align: 64,
      bytes: self,
    },
    ...(layoutCrc === undefined ? [] : [versionsSection(target, layoutCrc)]),
    ...(layoutCrc !== undefined && load.extendedVersions
      ? extendedVersionsSections(target, layoutCrc)
      : []),
    ...placeholders.map(({ size = 1, type, align, name: section, flags }) => ({
      name: section,
      flags,
      type,
      align,
      bytes: new Uint8Array(size),
    })),
  ];
}

function carrierModinfo(input: CarrierInput): Uint8Array {
  const { name = DEFAULT_NAME, buildId, baseSha256, btf, extras, load, target } = input;
  checkName(name, /^[A-Za-z0-9_.]+$/, moduleNameLength(target.class) - 1);
  checkHex('build_id', buildId);
  checkHex('btf_base_sha256', baseSha256);
  const carried = [...(btf ? [btf.holds] : []), ...extras.map((extra) => extra.name)];
  return writeModinfo([
    { key: 'license', value: 'GPL' },
    { key: 'description', value: `BTF of the kernel: ${carried.join(', ')}` },
    { key: 'build_id', value: buildId },
    { key: 'btf_base_sha256', value: baseSha256 },
    { key: 'depends', value: '' },
    ...(load ? (moduleShape(target.machine)?.modinfo ?? []) : []),
    { key: 'name', value: name },
    ...(load ? [{ key: 'vermagic', value: load.vermagic }] : []),
  ]);
}

/** Checked before writing: alignment alone can make the file as large as memory. */
function checkPlaceholder({ name, align = 1, size = 1 }: Placeholder): void {
  if (align <= PLACEHOLDER_LIMIT && size <= PLACEHOLDER_LIMIT) return;
  const message = `a placeholder has at most ${PLACEHOLDER_LIMIT} bytes, of size and of alignment`;
  throw new FormatError('carrier-module', message, { section: name });
}

function placeholdersFor({ machine }: CarrierTarget): readonly Placeholder[] {
  const shape = moduleShape(machine);
  if (shape) return shape.placeholders;
  throw new FormatError('carrier-machine', `what a module for machine ${machine} needs is unknown`);
}

const DEFAULT_NAME = 'btf_vmlinux';

/**
 * Newest kernels read `.BTF.inline` as split on the module's own `.BTF`; the base of ours is core.
 */
const LINKED_INLINES = 'inline';

function inlinesBesideBtf(): FormatError {
  const message = '.BTF.inline beside .BTF would be read as split on it';
  return new FormatError('carrier-inline', message, { section: '.BTF.inline' });
}

/** For an extra's name: far above any. */
const NAME_LIMIT = 55;

function checkName(name: string, pattern: RegExp, limit: number): void {
  if (pattern.test(name) && name.length <= limit) return;
  throw new FormatError('carrier-name', `${JSON.stringify(name)} names no module or extra`);
}

function checkHex(key: string, value: string): void {
  if (/^(?:[0-9a-f]{2})+$/.test(value)) return;
  const message = `${key} is not lowercase hexadecimal`;
  throw new FormatError('carrier-modinfo', message, { section: '.modinfo' });
}
