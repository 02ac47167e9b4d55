import { FormatError } from '@btf-depot/bytes';
import { SectionType, type Elf, type ElfSection } from '@btf-depot/elf';
import {
  PLACEHOLDER_FLAGS,
  PLACEHOLDER_LIMIT,
  PLACEHOLDER_NAMES,
  type Placeholder,
} from '../architectures.ts';
import { carrier, WRITER, type CarrierInput } from '../carrier.ts';
import { versionOf, type LoadFacts } from '../load-facts.ts';
import { readModinfo, type ModinfoEntry } from '../modinfo.ts';
import { unknownSection } from './unknown-section.ts';

/**
 * Every version of our writer with published carriers. The modinfo field `writer` states a
 * carrier's version; without it, it is the first.
 */
const WRITERS: ReadonlyMap<number, (input: CarrierInput) => Uint8Array> = new Map([
  [WRITER, carrier],
]);

const OTHERS = new Set([
  '',
  '.modinfo',
  '.BTF',
  '.symtab',
  '.strtab',
  '.shstrtab',
  '.gnu.linkonce.this_module',
  '__versions',
  '__version_ext_crcs',
  '__version_ext_names',
]);

export interface Written {
  readonly writer: number;
  /** Its statements that make a kernel load it; absent: it is a container. */
  readonly load?: LoadFacts | undefined;
}

/**
 * Checks that these bytes, without a signature, are what our writer makes of their contents: then
 * they have the BTF, and nothing else with an effect. Throws FormatError with the section and the
 * reason: `carrier-section`, `carrier-writer`, `carrier-bytes`, or an error of `carrier` for
 * contents that it would not write.
 */
export function checkWrittenHere(elf: Elf, bytes: Uint8Array): Written {
  for (const { name, type, flags } of elf.sections) {
    const isBtf = /^\.BTF\.[a-z][a-z0-9_]*$/.test(name);
    if (!isBtf && !OTHERS.has(name) && !PLACEHOLDER_NAMES.has(name)) throw unknownSection(name);
    if (isBtf && (type !== SectionType.PROGBITS || flags !== 0)) throw notBtf(name);
  }
  const modinfo = readModinfo(contentsOf(elf, '.modinfo'));
  const writer = writerOf(modinfo);
  const write = WRITERS.get(writer);
  if (!write) {
    const known = [...WRITERS.keys()].join(', ');
    const message = `it was made by version ${writer} of the writer; this knows ${known}`;
    throw new FormatError('carrier-writer', message, { section: '.modinfo' });
  }
  const input = readInput(elf, modinfo);
  const again = write(input);
  if (Buffer.compare(again, bytes) !== 0) throw otherwise(elf, firstDifference(again, bytes));
  return { writer, load: input.load };
}

function writerOf(modinfo: readonly ModinfoEntry[]): number {
  const said = modinfo.find(({ key }) => key === 'writer')?.value ?? '1';
  return /^\d{1,6}$/.test(said) ? Number(said) : NaN;
}

/** The writer's input, if it was our writer. */
function readInput(elf: Elf, modinfo: readonly ModinfoEntry[]): CarrierInput {
  const { class: bits, endian, header } = elf;
  const field = (key: string) => modinfo.find((one) => one.key === key)?.value ?? '';
  const btf = elf.section('.BTF');
  const holds = / core\b/.test(field('description')) ? 'core' : 'ksyms';
  const isLoadable = elf.section('.gnu.linkonce.this_module') !== undefined;
  return {
    name: field('name'),
    target: { class: bits, endian, machine: header.machine },
    buildId: field('build_id'),
    baseSha256: field('btf_base_sha256'),
    btf: btf && { holds, bytes: elf.bytes(btf) },
    extras: elf.sections
      .filter(({ name }) => name.startsWith('.BTF.'))
      .map((section) => ({ name: section.name.slice('.BTF.'.length), bytes: elf.bytes(section) })),
    load: isLoadable ? readLoad(elf, field('name'), field('vermagic')) : undefined,
  };
}

function readLoad(elf: Elf, name: string, vermagic: string): LoadFacts {
  const { elfFlags, osabi } = { elfFlags: elf.header.flags, osabi: elf.header.osabi };
  const self = Buffer.from(contentsOf(elf, '.gnu.linkonce.this_module'));
  const layoutCrc = versionOf(elf, 'module_layout');
  return {
    vermagic,
    elfFlags,
    osabi,
    layoutCrc,
    extendedVersions: elf.section('__version_ext_crcs') ? true : undefined,
    structModule: { size: self.length, nameOffset: self.indexOf(`${name}\0`, 0, 'latin1') },
    placeholders: elf.sections
      .filter((section) => PLACEHOLDER_NAMES.has(section.name))
      .map(placeholderOf),
  };
}

function placeholderOf({ name, flags, type, align, size }: ElfSection): Placeholder {
  const refuse = (message: string) => {
    throw new FormatError('carrier-section', message, { section: name });
  };
  if ((flags & ~PLACEHOLDER_FLAGS) !== 0) refuse(`its flags are 0x${flags.toString(16)}`);
  if (type !== SectionType.PROGBITS && type !== SectionType.NOBITS) refuse(`its type is ${type}`);
  const isAligned = align >= 1 && align <= PLACEHOLDER_LIMIT && (align & (align - 1)) === 0;
  if (!isAligned) refuse(`its alignment is ${align}`);
  if (size > PLACEHOLDER_LIMIT) refuse(`it has ${size} bytes`);
  return { name, flags, type, align, size };
}

function notBtf(section: string): FormatError {
  const message = 'its type and flags are not those of BTF';
  return new FormatError('carrier-section', message, { section });
}

function contentsOf(elf: Elf, name: string): Uint8Array {
  const section = elf.section(name);
  return section ? elf.bytes(section) : new Uint8Array();
}

function firstDifference(a: Uint8Array, b: Uint8Array): number {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return at;
}

function otherwise(elf: Elf, offset: number): FormatError {
  const within = elf.sections.find(
    (one) => one.type !== 0 && offset >= one.offset && offset < one.offset + one.size,
  );
  const section = within?.name ?? (offset < 64 ? 'ELF header' : 'section headers');
  const message = 'the writer makes other bytes of what it says';
  return new FormatError('carrier-bytes', message, { section, offset });
}
