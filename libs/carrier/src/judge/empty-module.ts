import { FormatError } from '@btf-depot/bytes';
import {
  readNotes,
  SectionFlag,
  SectionIndex,
  SectionType,
  SymbolType,
  type Elf,
  type ElfSection,
} from '@btf-depot/elf';
import { PLACEHOLDER_NAMES } from '../architectures.ts';
import { versionOf, type LoadFacts } from '../load-facts.ts';
import { readModinfo } from '../modinfo.ts';
import { moduleNameLength } from '../struct-module.ts';
import { checkBtfSection } from './btf-section.ts';
import { unknownSection } from './unknown-section.ts';

const { ALLOC, WRITE, EXECINSTR, MERGE, STRINGS, INFO_LINK, COMPRESSED } = SectionFlag;
const { PROGBITS, NOTE, NOBITS, SYMTAB, STRTAB, RELA, REL } = SectionType;

const DEBUG = [0, MERGE | STRINGS, COMPRESSED, MERGE | STRINGS | COMPRESSED];

interface Rule {
  readonly name: RegExp;
  readonly types: readonly number[];
  /** All flags that each may have. */
  readonly flags: readonly number[];
  readonly fault?: Fault;
}

/** Reports a fault of a section. */
type Fault = (section: ElfSection, bytes: Uint8Array, elf: Elf) => string | undefined;

/** Zero bytes that `.data` may have: Linux 6.12's modules have 4. */
const MOST_DATA = 64;
/** Bytes of one note section. */
const MOST_NOTES = 4096;
/** Bytes of `.comment`: Linux 6.12's modules have 120. */
const MOST_COMMENT = 4096;
/** How a compiler or a linker names itself: GCC, clang and LLD of any vendor, rustc. */
const COMPILER =
  /^(?:GCC: \(|(?:[A-Za-z][\w ().,-]* )?(?:clang|rustc) version |(?:Linker: )?(?:[A-Za-z]\w* )?LLD )[\x20-\x7e]{1,512}$/;
/** Bytes of one section of debug information: Linux 7.2's modules have 52,000. */
const MOST_DEBUG = 2 ** 20;
/** Bytes of the hash in `.orc_header`. */
const ORC_HEADER = 20;

/**
 * The sections of a module that the kernel's build makes from an empty C file: Linux 6.1, 6.12 and
 * 7.2, built in the tests (tools/lab). Also allowed are demands of other architectures' loaders,
 * BTF, and the extended form of versions.
 */
const RULES: readonly Rule[] = [
  {
    name: /^\.(?:text|init\.text|exit\.text)$/,
    types: [PROGBITS],
    flags: [ALLOC | EXECINSTR],
    fault: notEmpty('it holds code'),
  },
  { name: /^\.bss$/, types: [NOBITS], flags: [ALLOC | WRITE], fault: notEmpty('it has bytes') },
  { name: /^\.data$/, types: [PROGBITS], flags: [ALLOC | WRITE], fault: notZero(MOST_DATA) },
  { name: /^\.modinfo$/, types: [PROGBITS], flags: [ALLOC], fault: wrongModinfo },
  { name: /^__versions$/, types: [PROGBITS], flags: [ALLOC], fault: otherSymbols },
  {
    name: /^__version_ext_crcs$/,
    types: [PROGBITS],
    flags: [ALLOC],
    fault: ({ size }) => when(size !== 4, MORE_SYMBOLS),
  },
  {
    name: /^__version_ext_names$/,
    types: [PROGBITS],
    flags: [ALLOC],
    fault: (_, bytes) => when(textOf(bytes) !== 'module_layout\0', MORE_SYMBOLS),
  },
  {
    name: /^\.gnu\.linkonce\.this_module$/,
    types: [PROGBITS],
    flags: [ALLOC | WRITE],
    fault: moreThanName,
  },
  {
    name: /^\.note\.GNU-stack$/,
    types: [PROGBITS, NOTE],
    flags: [0],
    fault: notEmpty('it has bytes'),
  },
  {
    name: /^\.note\.(?:gnu\.build-id|gnu\.property|Linux)$/,
    types: [NOTE],
    flags: [ALLOC],
    fault: noNotes,
  },
  {
    name: /^\.orc_header$/,
    types: [PROGBITS],
    flags: [ALLOC],
    fault: ({ size }) => when(size !== ORC_HEADER, 'it is no hash'),
  },
  {
    name: /^\.comment$/,
    types: [PROGBITS],
    flags: [0, MERGE | STRINGS],
    fault: otherThanCompilers,
  },
  // The module's own BTF, and upstream's and its mail thread's names for inlined calls. Not ALLOC:
  // no build writes it so, and a kernel copies what it registers.
  {
    name: /^\.BTF(?:\.base|\.inlines?)?$/,
    types: [PROGBITS],
    flags: [0],
    fault: noBtf,
  },
  {
    name: /^\.debug_[a-z_]+$/,
    types: [PROGBITS],
    flags: DEBUG,
    fault: ({ size }) => when(size > MOST_DEBUG, `it has ${size} bytes, not ${MOST_DEBUG} at most`),
  },
  {
    name: /^\.rela?\.debug_[a-z_]+$/,
    types: [RELA, REL],
    flags: [0, INFO_LINK],
    fault: beyondDebug,
  },
  { name: /^\.symtab$/, types: [SYMTAB], flags: [0], fault: wrongSymbols },
  { name: /^\.(?:str|shstr)tab$/, types: [STRTAB], flags: [0] },
];

/** The rule for sections that a loader demands: at most one byte, zero. */
const PLACEHOLDER: Omit<Rule, 'name'> = {
  types: [PROGBITS, NOBITS],
  flags: [ALLOC, ALLOC | WRITE, ALLOC | EXECINSTR, ALLOC | WRITE | EXECINSTR],
  fault: notZero(1),
};

/** Fields of `.modinfo` that cause no loading, setting or calling, and their allowed values. */
const FIELDS: ReadonlyMap<string, RegExp> = new Map([
  ...['license', 'description', 'author', 'version', 'srcversion'].map(
    (key) => [key, /^[\x20-\x7e]{0,512}$/] as const,
  ),
  ...['name', 'vermagic', 'build_id', 'btf_base_sha256'].map(
    (key) => [key, /^[\x20-\x7e]{1,512}$/] as const,
  ),
  ['depends', /^$/],
  ['retpoline', /^Y$/],
  ['intree', /^Y$/],
]);

/**
 * Checks that a module is one that the kernel's build makes from a C file without code, with BTF
 * added. Throws FormatError with the section and the reason: `carrier-section`, `carrier-contents`.
 */
export function checkEmptyModule(elf: Elf): Pick<LoadFacts, 'structModule' | 'layoutCrc'> {
  for (const section of elf.sections.slice(1)) checkSection(elf, section);
  for (const name of ['.modinfo', '.gnu.linkonce.this_module']) {
    if (!elf.section(name)) throw wrong(name, 'a module has it');
  }
  const layoutCrc = versionOf(elf, 'module_layout');
  return { structModule: structModuleOf(elf), layoutCrc };
}

function checkSection(elf: Elf, section: ElfSection): void {
  const { name, type, flags } = section;
  const rule = PLACEHOLDER_NAMES.has(name) ? PLACEHOLDER : RULES.find((one) => one.name.test(name));
  if (!rule) throw unknownSection(name);
  if (!rule.types.includes(type)) throw wrong(name, `its type is ${type}`);
  if (!rule.flags.includes(flags)) throw wrong(name, `its flags are 0x${flags.toString(16)}`);
  const fault = rule.fault?.(section, elf.bytes(section), elf);
  if (fault !== undefined) throw wrong(name, fault);
}

const MORE_SYMBOLS = 'it uses more of the kernel than module_layout';

function notEmpty(what: string): Fault {
  return ({ size }) => when(size > 0, what);
}

function notZero(most: number): Fault {
  return ({ size }, bytes) =>
    size > most
      ? `it has ${size} bytes, not ${most} at most`
      : when(
          bytes.some((byte) => byte !== 0),
          'its bytes are not zero',
        );
}

function otherSymbols(_: ElfSection, bytes: Uint8Array, elf: Elf): string | undefined {
  const isOne = bytes.length === 64 && versionOf(elf, 'module_layout') !== undefined;
  return when(!isOne, MORE_SYMBOLS);
}

function wrongModinfo(_: ElfSection, bytes: Uint8Array): string | undefined {
  const fields = readModinfo(bytes);
  const seen = new Set<string>();
  for (const { key, value } of fields) {
    const allowed = FIELDS.get(key);
    if (!allowed) return `the field ${JSON.stringify(key)} has no place in a carrier`;
    if (!allowed.test(value)) return `the field ${key} says ${JSON.stringify(value)}`;
    if (seen.has(key)) return `the field ${key} is there twice`;
    seen.add(key);
  }
  // Strings without `=` would be none of these.
  const strings = textOf(bytes).split('\0').filter(Boolean);
  return when(strings.length !== fields.length || bytes.at(-1) !== 0, 'it holds other strings');
}

function moreThanName(_: ElfSection, bytes: Uint8Array, elf: Elf): string | undefined {
  const { nameOffset } = structModuleOf(elf);
  const name = nameOf(elf);
  if (name.length === 0 || name.length >= moduleNameLength(elf.class)) return 'it has no name';
  const end = nameOffset + name.length;
  const isZero = bytes.every((byte, at) => byte === 0 || (at >= nameOffset && at < end));
  return when(nameOffset < 0 || !isZero, 'it holds more than the name of the module');
}

function structModuleOf(elf: Elf): LoadFacts['structModule'] {
  const section = elf.section('.gnu.linkonce.this_module');
  const bytes = Buffer.from(section ? elf.bytes(section) : []);
  return { size: bytes.length, nameOffset: bytes.indexOf(`${nameOf(elf)}\0`, 0, 'latin1') };
}

function nameOf(elf: Elf): string {
  const section = elf.section('.modinfo');
  const fields = section ? readModinfo(elf.bytes(section)) : [];
  return fields.find(({ key }) => key === 'name')?.value ?? '';
}

function otherThanCompilers({ size }: ElfSection, bytes: Uint8Array): string | undefined {
  if (size > MOST_COMMENT) return `it has ${size} bytes, not ${MOST_COMMENT} at most`;
  const strings = textOf(bytes).split('\0').filter(Boolean);
  const isSaid = strings.every((one) => COMPILER.test(one));
  return when(!isSaid || (size > 0 && bytes.at(-1) !== 0), 'it names more than compilers');
}

function noBtf({ name }: ElfSection, bytes: Uint8Array, elf: Elf): string | undefined {
  // Empty if pahole found nothing.
  if (bytes.length > 0) checkBtfSection(name, bytes, elf.endian);
  return undefined;
}

function noNotes({ size, name }: ElfSection, bytes: Uint8Array, elf: Elf): string | undefined {
  if (size > MOST_NOTES) return `it has ${size} bytes, not ${MOST_NOTES} at most`;
  readNotes(bytes, elf.endian, { section: name });
  return undefined;
}

/** The kernel applies a section of relocations to the section in its `info`. */
function beyondDebug({ info, link }: ElfSection, _: Uint8Array, elf: Elf): string | undefined {
  const target = elf.sections.at(info);
  if (!target?.name.startsWith('.debug_')) return `it relocates ${target?.name ?? info}`;
  return when(elf.sections.at(link)?.type !== SYMTAB, 'its symbols are elsewhere');
}

function wrongSymbols(_: ElfSection, __: Uint8Array, elf: Elf): string | undefined {
  const { symbols, sections } = elf;
  for (let index = 1; index < symbols.length; index++) {
    const { name, type, value, size, section } = symbols.at(index);
    const what = `symbol ${index} (${JSON.stringify(name)})`;
    if (section === SectionIndex.UNDEF) return `${what} is one of the kernel's or another module's`;
    if (type === SymbolType.FILE && section === SectionIndex.ABS && value === 0n) continue;
    const within = section < SectionIndex.LORESERVE ? sections.at(section) : undefined;
    const isData = [SymbolType.NOTYPE, SymbolType.OBJECT, SymbolType.SECTION].some(
      (one) => one === type,
    );
    if (!within || !isData || value + BigInt(size) > BigInt(within.size)) {
      return `${what} is not in a section of the module`;
    }
  }
  return undefined;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

function when(is: boolean, what: string): string | undefined {
  return is ? what : undefined;
}

function wrong(section: string, what: string): FormatError {
  return new FormatError('carrier-contents', what, { section });
}
