import { FormatError } from '@btf-depot/bytes';
import type { Btf } from '@btf-depot/btf';
import {
  SectionIndex,
  SectionType,
  type Elf,
  type ElfClass,
  type ElfSection,
} from '@btf-depot/elf';
import {
  isTried,
  moduleShape,
  PLACEHOLDER_FLAGS,
  PLACEHOLDER_LIMIT,
  PLACEHOLDER_NAMES,
  type Placeholder,
} from './architectures.ts';
import { readModinfo } from './modinfo.ts';
import {
  checkStructModule,
  moduleNameLength,
  structModule,
  type StructModule,
} from './struct-module.ts';

/**
 * What a module must state and contain so that one kernel loads it. Plain data, which is stored.
 */
export interface LoadFacts {
  readonly vermagic: string;
  /** CRC of the kernel's `module_layout`; only with `modversions` in the vermagic. */
  readonly layoutCrc?: number | undefined;
  /** The kernel's own modules also have the extended form of versions. */
  readonly extendedVersions?: boolean | undefined;
  readonly structModule: StructModule;
  /** From a real module of the build; by default the architecture's. */
  readonly placeholders?: readonly Placeholder[];
  readonly elfFlags?: number | undefined;
  readonly osabi?: number | undefined;
}

/** Why no module can be made that a kernel loads. */
export type NotLoadable =
  /** There is only BTF, no file of the kernel. */
  | 'no-kernel'
  | 'no-vermagic'
  | 'no-crc'
  | 'no-struct-module'
  | 'randomised-structs'
  | 'unknown-architecture'
  /** All demands of its loader are known, but no kernel of the architecture has loaded one yet. */
  | 'not-tried';

export type Loadable =
  | { readonly loadable: true; readonly facts: LoadFacts }
  | {
      readonly loadable: false;
      readonly why: NotLoadable;
      readonly vermagic?: string;
      /** With `not-tried`: the facts for a carrier that the kernel should load. */
      readonly facts?: LoadFacts;
    };

export interface LoadSources {
  /** The kernel's BTF, for `struct module`. */
  readonly core: Btf;
  /** vmlinux; with its symbol table it has vermagic and CRC. */
  readonly kernel?: Elf | undefined;
  /**
   * Any module of the same build; it has all facts that vmlinux has, and the loader's other
   * demands.
   */
  readonly module?: Elf | undefined;
}

/**
 * Whether and how a module for this kernel can be made to load. Throws FormatError:
 * `carrier-module` if the module is none, or of another build than the kernel; `carrier-vermagic`
 * for one with control characters; `carrier-struct-module`.
 */
export function loadFacts(sources: LoadSources): Loadable {
  const { kernel, module } = sources;
  const elf = kernel ?? module;
  if (!elf) return { loadable: false, why: 'no-kernel' };
  if (!module && !moduleShape(elf.header.machine)) {
    return { loadable: false, why: 'unknown-architecture' };
  }
  if (kernel && module) checkSameMachine(kernel, module);
  const template = module && readTemplate(module);
  const own = kernel && vermagicOf(kernel);
  if (own !== undefined && template && template.vermagic !== own) {
    throw foreign(`its vermagic is '${template.vermagic}', the kernel's '${own}'`);
  }
  const vermagic = own ?? template?.vermagic;
  if (vermagic === undefined) return { loadable: false, why: 'no-vermagic' };
  const layoutCrc = vermagic.includes(' modversions ') ? crcOf(kernel, template) : undefined;
  if (vermagic.includes(' modversions ') && layoutCrc === undefined) {
    return { loadable: false, why: 'no-crc', vermagic };
  }
  const layout = layoutFor(sources.core, elf.class, vermagic, template);
  if (typeof layout === 'string') return { loadable: false, why: layout, vermagic };
  const facts = {
    vermagic,
    layoutCrc,
    structModule: layout,
    ...template?.shape,
  };
  const { class: bits, endian, header } = elf;
  if (isTried({ class: bits, endian, machine: header.machine })) return { loadable: true, facts };
  return { loadable: false, why: 'not-tried', vermagic, facts };
}

function checkSameMachine(kernel: Elf, module: Elf): void {
  const [wanted, is] = [kernel, module].map(
    ({ class: bits, endian, header }) => `${bits}-bit ${endian}-endian machine ${header.machine}`,
  );
  if (is !== wanted) throw foreign(`it is of ${is}, the kernel of ${wanted}`);
}

interface Template {
  readonly vermagic: string;
  readonly layoutCrc: number | undefined;
  readonly structModule: StructModule;
  readonly shape: Partial<LoadFacts>;
}

/** Facts that a real module of the build shows. */
function readTemplate(module: Elf): Template {
  const modinfo = module.section('.modinfo');
  const fields = modinfo ? readModinfo(module.bytes(modinfo)) : [];
  const field = (key: string): string | undefined => fields.find((one) => one.key === key)?.value;
  const vermagic = field('vermagic');
  const struct = module.section('.gnu.linkonce.this_module');
  if (vermagic === undefined || !struct) throw foreign('it is no kernel module');
  const name = field('name') ?? '';
  const content = Buffer.from(module.bytes(struct));
  const nameOffset = name === '' ? -1 : content.indexOf(`${name}\0`, 0, 'latin1');
  const placeholders = placeholdersOf(module);
  const { flags, osabi } = module.header;
  const extended = module.section('__version_ext_crcs') !== undefined;
  return {
    vermagic: checkVermagic(vermagic),
    layoutCrc: versionOf(module, 'module_layout'),
    structModule: { size: content.length, nameOffset },
    shape: {
      placeholders,
      elfFlags: flags !== 0 ? flags : undefined,
      osabi: osabi !== 0 ? osabi : undefined,
      extendedVersions: extended ? true : undefined,
    },
  };
}

/** Each name once: so there are at most as many as architectures know. */
function placeholdersOf({ sections }: Elf): Placeholder[] {
  const found = sections.filter(({ name }) => PLACEHOLDER_NAMES.has(name));
  const seen = new Set<string>();
  for (const { name, flags } of found) {
    const unlike = (what: string) => {
      throw new FormatError('carrier-module', `the module is none of a build: ${what}`, {
        section: name,
      });
    };
    if (seen.has(name)) unlike('there are two sections of that name');
    if ((flags & ~PLACEHOLDER_FLAGS) !== 0) unlike(`its flags are 0x${flags.toString(16)}`);
    seen.add(name);
  }
  return found.map(placeholderLike);
}

/** Defaults are left out. */
function placeholderLike({ name, flags, type, align, size }: ElfSection): Placeholder {
  const isWritable = type === SectionType.PROGBITS || type === SectionType.NOBITS;
  const isAligned = align <= PLACEHOLDER_LIMIT && (align & (align - 1)) === 0;
  if (!isWritable || !isAligned || size > PLACEHOLDER_LIMIT) return { name, flags };
  return {
    name,
    flags,
    type: type === SectionType.NOBITS ? type : undefined,
    align: align > 1 ? align : undefined,
    size: size !== 1 ? size : undefined,
  };
}

/** BTF has the offsets in the structs, unless the compiler shuffled them later. */
function layoutFor(
  core: Btf,
  bits: ElfClass,
  vermagic: string,
  template: Template | undefined,
): StructModule | NotLoadable {
  const shown = template && knownLayout(template.structModule, bits);
  if (vermagic.includes('RANDSTRUCT_')) return shown ?? 'randomised-structs';
  let layout: StructModule;
  try {
    layout = structModule(core, bits);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return shown ?? 'no-struct-module';
  }
  if (!template) return layout;
  const { size, nameOffset } = template.structModule;
  if (size !== layout.size || (nameOffset !== -1 && nameOffset !== layout.nameOffset)) {
    throw foreign(`its struct module has ${size} bytes, the kernel's BTF says ${layout.size}`);
  }
  return layout;
}

/** Undefined if the module does not show it: it has no name, or its name is not found. */
function knownLayout(layout: StructModule, bits: ElfClass): StructModule | undefined {
  try {
    return checkStructModule(layout, bits);
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

/** The string behind the symbol `vermagic` (kernel/module/main.c). */
function vermagicOf(kernel: Elf): string | undefined {
  const symbol = kernel.symbol('vermagic');
  const bytes = symbol && symbol.size <= 1024 ? kernel.bytesOf(symbol) : undefined;
  if (!bytes || bytes.length === 0) return undefined;
  const end = bytes.indexOf(0);
  const text = Buffer.from(bytes.subarray(0, end === -1 ? undefined : end)).toString('latin1');
  return checkVermagic(text);
}

function checkVermagic(text: string): string {
  if (/^[\x21-\x7e][\x20-\x7e]{0,511}$/.test(text)) return text;
  throw new FormatError('carrier-vermagic', 'the vermagic is no line of printable ASCII');
}

function crcOf(kernel: Elf | undefined, template: Template | undefined): number | undefined {
  const own = kernel && kernelCrc(kernel);
  if (own !== undefined && template?.layoutCrc !== undefined && template.layoutCrc !== own) {
    throw foreign('its CRC of module_layout is not the kernel’s');
  }
  return own ?? template?.layoutCrc;
}

/** `__crc_module_layout`: an absolute symbol is the CRC itself, another one its address (5.19). */
function kernelCrc(kernel: Elf): number | undefined {
  const symbol = kernel.symbol('__crc_module_layout');
  if (!symbol || symbol.section === SectionIndex.UNDEF) return undefined;
  if (symbol.section === SectionIndex.ABS) return Number(symbol.value & 0xffffffffn);
  const bytes = kernel.bytesOf(symbol, 4);
  return bytes && word(bytes, 0, kernel);
}

/** The CRC of a symbol in a module's `__versions` (struct modversion_info). */
export function versionOf(module: Elf, name: string): number | undefined {
  const section = module.section('__versions');
  if (section?.type !== SectionType.PROGBITS) return undefined;
  const bytes = module.bytes(section);
  const start = 64 - moduleNameLength(module.class);
  for (let at = 0; at + 64 <= bytes.length; at += 64) {
    const entry = bytes.subarray(at, at + 64);
    const end = entry.indexOf(0, start);
    const found = Buffer.from(entry.subarray(start, end === -1 ? 64 : end)).toString('latin1');
    // A long in the byte order of the module: its low half is the CRC.
    const low = module.class === 64 && module.endian === 'big' ? 4 : 0;
    if (found === name) return word(entry, low, module);
  }
  return undefined;
}

function word(bytes: Uint8Array, offset: number, { endian }: Elf): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(offset, endian === 'little');
}

function foreign(how: string): FormatError {
  return new FormatError('carrier-module', `the module is not of this kernel's build: ${how}`);
}
