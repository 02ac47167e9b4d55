import { FormatError, type Source } from '@btf-depot/bytes';
import {
  Kind,
  kindName,
  parseBtf,
  readBtfHeader,
  unrelocated,
  type Btf,
  type Unrelocated,
} from '@btf-depot/btf';
import {
  judgeCarrier,
  misfit,
  readCarrier,
  type Judgement,
  type Misfit,
  type RunningKernel,
} from '@btf-depot/carrier';
import type { Compression } from '@btf-depot/codec';
import { recognise } from '@btf-depot/depot';
import { ElfType, readElf, type Elf } from '@btf-depot/elf';
import { DISTILLED, openBtf } from '../../files/btf-file.ts';
import { withUnpackedSource } from '../../files/unpacked-source.ts';

/** A section whose contents are no BTF, or damaged: the rest of the file still counts. */
export interface BrokenBtf {
  section: string;
  size: number;
  fault: { code: string; message: string };
}

export interface InspectedBtf {
  section: string;
  size: number;
  endian: 'little' | 'big';
  headerSize: number;
  typeBytes: number;
  stringBytes: number;
  /** Absent for split BTF without its base. */
  types?: number;
  /** Types by kind, in the order of the kinds. */
  kinds?: Record<string, number>;
  /** Types of its distilled base that the kernel's BTF lacks; absent without either. */
  unrelocated?: readonly Unrelocated[];
}

export interface Inspected {
  kind: 'elf' | 'btf';
  compressed?: Compression | undefined;
  /** It was inside an image, a package or an archive. */
  isInside?: boolean | undefined;
  size: number;
  buildId?: string | undefined;
  /** For an image without ELF headers. */
  release?: string | undefined;
  arch?: string | undefined;
  elf?: { bits: number; endian: string; arch: string; sections: number };
  modinfo?: Record<string, string>;
  /** For a module: whether a signature is appended. */
  signed?: boolean;
  /** For a module: whether it has what a kernel's loader demands. */
  loadable?: boolean;
  /** For a module: whether it has anything but BTF. */
  judgement?: Judgement;
  /** For a module compared with the running kernel: why it does not fit. */
  misfit?: Misfit | undefined;
  btf: (InspectedBtf | BrokenBtf)[];
}

/**
 * What a file is: build ID, ELF header, BTF sections with their kinds, the module's own words.
 * @param base path of the BTF that a split one stands on.
 * @param running the kernel that a carrier is compared with. A module is judged whatever its BTF
 *   sections hold: a broken one is said beside the judgement.
 * @throws FormatError or DepotError if it is nothing that we know, or damaged.
 */
export async function inspectFile(
  path: string,
  { base, running }: { base?: string | undefined; running?: RunningKernel | undefined } = {},
): Promise<Inspected> {
  const standsOn = base === undefined ? undefined : await openBtf(base);
  return withUnpackedSource(path, ({ source, compressed, image, isInside }) => ({
    compressed,
    isInside,
    ...inspectSource(source, standsOn, running),
    ...image,
  }));
}

function inspectSource(
  source: Source,
  base: Btf | undefined,
  running: RunningKernel | undefined,
): Omit<Inspected, 'compressed'> {
  const { size } = source;
  if (recognise(source) === 'btf') {
    return { kind: 'btf', size, btf: [inspectBtf('.BTF', source.read(0, size), base)] };
  }
  const elf = readElf(source);
  const buildId = elf.buildId();
  // A vmlinux of newer kernels has a .modinfo too.
  const isModule = elf.header.type === ElfType.REL && elf.section('.modinfo') !== undefined;
  const ofModule = isModule ? inspectModule(source.read(0, size), running) : {};
  return {
    kind: 'elf',
    size,
    buildId,
    elf: {
      bits: elf.class,
      endian: elf.endian,
      arch: elf.arch,
      sections: elf.sections.length,
    },
    ...ofModule,
    btf: inspectSections(elf, base, isModule),
  };
}

function inspectModule(bytes: Uint8Array, running: RunningKernel | undefined) {
  const carrier = readCarrier(bytes);
  const isSameBuild = carrier.buildId !== undefined && carrier.buildId === running?.buildId;
  const layout = isSameBuild ? running.structModule : undefined;
  const contents = { ...carrier, judgement: judgeCarrier(bytes, { structModule: layout }) };
  const { modinfo, signed, loadable, judgement } = contents;
  const why = running && misfit(contents, running);
  // Of several with one key, the first.
  const entries = modinfo.map(({ key, value }) => [key, value] as const).toReversed();
  return {
    modinfo: Object.fromEntries(entries),
    signed,
    loadable,
    judgement,
    misfit: why,
  };
}

/**
 * The sections of one file: extras have the `.BTF` beside them as base, if that is standalone, and a
 * module's `.BTF` its distilled base, if it has one.
 */
function inspectSections(
  elf: Elf,
  base: Btf | undefined,
  isModule: boolean,
): (InspectedBtf | BrokenBtf)[] {
  const sections = elf.sections.filter(({ name }) => /^\.BTF(\.(?!ext$).*)?$/.test(name));
  const own = sections.find(({ name }) => name === '.BTF');
  const beside = base ?? (own && wholeOf(elf.bytes(own)));
  const filled = elf.filled(DISTILLED);
  const distilled = filled && wholeOf(elf.bytes(filled));
  return sections.map((section) => {
    const { name, size } = section;
    try {
      const bytes = elf.bytes(section);
      if (section === own) return inspectOwn(bytes, filled ? distilled : base, distilled && base);
      return inspectBtf(name, bytes, name === DISTILLED ? undefined : beside);
    } catch (error) {
      if (!isModule || !(error instanceof FormatError)) throw error;
      return { section: name, size, fault: { code: error.code, message: error.message } };
    }
  });
}

/** @param kernel that its distilled base is to be relocated to. */
function inspectOwn(
  bytes: Uint8Array,
  base: Btf | undefined,
  kernel: Btf | undefined,
): InspectedBtf {
  const about = inspectBtf('.BTF', bytes, base);
  if (!kernel || !base) return about;
  return { ...about, unrelocated: unrelocated(parseBtf(bytes, { base }), kernel) };
}

function wholeOf(bytes: Uint8Array): Btf | undefined {
  try {
    return parseBtf(bytes);
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

function inspectBtf(section: string, bytes: Uint8Array, base: Btf | undefined): InspectedBtf {
  const header = readBtfHeader(bytes, section);
  const about = {
    section,
    size: bytes.length,
    endian: header.endian,
    headerSize: header.length,
    typeBytes: header.typeLength,
    stringBytes: header.stringLength,
  };
  const btf = base ? parseBtf(bytes, { base, section }) : wholeOf(bytes);
  return btf ? { ...about, types: btf.typeCount, kinds: kindsOf(btf) } : about;
}

function kindsOf(btf: Btf): Record<string, number> {
  const counts = new Map<number, number>();
  for (let id = btf.firstId; id < btf.endId; id++) {
    const kind = btf.kind(id);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const known = Object.values(Kind).filter((kind) => counts.has(kind));
  return Object.fromEntries(known.map((kind) => [kindName(kind), counts.get(kind) ?? 0]));
}
