import { FormatError, type Source } from '@btf-depot/bytes';
import type { Btf } from '@btf-depot/btf';
import {
  carrierTarget,
  isLinkedCarrier,
  judgeCarrier,
  moduleHeader,
  readCarrier,
  type CarrierContents,
  type Judgement,
  structModule,
  linkFor,
  type LinkedBtf,
  type LinkRecord,
  type StructModule,
} from '@btf-depot/carrier';
import {
  CARRIER_FILES,
  CARRIERS,
  extrasOf,
  isExtraName,
  partSpec,
  type CarrierEntry,
  type CarrierFile,
  type KernelRecord,
} from '@btf-depot/contracts';
import type { CarrierFacts } from './carrier-facts.ts';
import { DepotError } from '../errors.ts';
import { CORE_SECTION } from './linked-core.ts';
import { UPSTREAM_SECTION } from './inlines-part.ts';
import { MAX_BLOB_SIZE } from '../ports/blob-store.ts';
import { sha256Of } from '../sha256.ts';
import type { KernelParts } from './split-kernel.ts';

/** A carrier that a build farm made, and perhaps signed, in its build. */
export interface GivenCarrier {
  bytes: Uint8Array;
  sha256: string;
  signed: boolean;
  /** Its own facts. */
  name?: string | undefined;
  buildId?: string | undefined;
  baseSha256?: string | undefined;
  vermagic?: string | undefined;
  header: Pick<CarrierContents['header'], 'class' | 'endian' | 'machine' | 'flags' | 'osabi'>;
  /** Its BTF sections by their names. */
  sections: Record<string, LinkedBtf>;
  /** What it could do to a kernel that loads it. */
  judgement: Judgement;
}

/** The module's name must be the artifact's, which is its name in sysfs. */
const FILES: Readonly<Record<string, CarrierFile>> = Object.fromEntries(
  CARRIER_FILES.map((file) => [CARRIERS[file].module, file]),
);

/** A given carrier before it is judged. */
export type UnjudgedCarrier = Omit<GivenCarrier, 'judgement'>;

/** @throws FormatError if it is not a module. */
export function openGivenCarrier(source: Source): UnjudgedCarrier {
  if (source.size > MAX_BLOB_SIZE) {
    throw new DepotError(
      'too-large',
      `the carrier has ${source.size} bytes; the limit is ${MAX_BLOB_SIZE}`,
    );
  }
  const bytes = source.read(0, source.size);
  const { name, buildId, baseSha256, vermagic, signed, sections, header } = readCarrier(bytes);
  const { class: bits, endian, machine, flags, osabi } = header;
  return {
    bytes,
    sha256: sha256Of(bytes),
    signed,
    name,
    buildId,
    baseSha256,
    vermagic,
    header: { class: bits, endian, machine, flags, osabi },
    // Of several with one name, the first: the kernel finds that one.
    sections: Object.fromEntries(
      sections
        .map(({ name: section, bytes: btf }) => {
          return [section, { sha256: sha256Of(btf), size: btf.length }] as const;
        })
        .toReversed(),
    ),
  };
}

/** Offset of a module's name in its kernel, if known. */
export function moduleLayout(
  core: Btf,
  bits: 32 | 64,
  { load, vermagic = '' }: { [Key in 'load' | 'vermagic']?: CarrierFacts[Key] | undefined },
): StructModule | undefined {
  // BTF is written before the compiler shuffles structures.
  if (load || vermagic.includes('RANDSTRUCT_')) return load?.structModule;
  try {
    return structModule(core, bits);
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

/**
 * With the judgement. If only its BTF was wanted and it must not be published, it is dropped, and
 * `refused` takes its place.
 */
export function judgeGiven(
  given: UnjudgedCarrier,
  layout: StructModule | undefined,
  { isTaken }: { isTaken: boolean },
): Pick<KernelParts, 'given' | 'refused'> {
  const judgement = judgeCarrier(given.bytes, { structModule: layout });
  if (judgement.as !== 'refused' || !isTaken) return { given: { ...given, judgement } };
  const { code, why } = judgement;
  return { refused: { [FILES[given.name ?? ''] ?? '']: { code, why } } };
}

/**
 * A section of a given carrier, if the kernel names it as the carrier of that: its build wrote it.
 */
export function linkedBtf(
  given: UnjudgedCarrier,
  section: string,
  links: readonly LinkRecord[] = [],
): Uint8Array | undefined {
  if (!isLinked(given, section, links)) return undefined;
  return readCarrier(given.bytes)
    .sections.find((one) => one.name === section)
    ?.bytes.slice();
}

function isLinked(
  { name = '', sections }: UnjudgedCarrier,
  section: string,
  links: readonly LinkRecord[] = [],
): boolean {
  const btf = sections[section];
  return btf !== undefined && isLinkedCarrier(links, { module: name, section }, btf);
}

/** The sections that kernels name carriers for. */
const LINKABLE = [CORE_SECTION, UPSTREAM_SECTION];

/**
 * The artifact that a given carrier replaces.
 * @throws DepotError `foreign-carrier` unless its BTF has exactly the record's bytes, and it is an
 *   ELF file of the kernel's machine; `unsafe-carrier` unless it has nothing but BTF.
 */
export function artifactOf(
  given: GivenCarrier,
  record: Pick<
    KernelRecord,
    'buildId' | 'delivery' | 'core' | 'parts' | 'carrier' | 'arch' | 'bits' | 'endian'
  >,
): CarrierFile {
  const file = FILES[given.name ?? ''];
  if (!file) throw foreign(`its module is named ${given.name ?? 'nothing'}`);
  const { buildId, core, carrier } = record;
  refuseUnlinked(given, carrier?.links);
  // Upstream's has neither; the kernel itself names its contents by hash.
  const linked = linkedSection(given, carrier?.links);
  const isNamed = linked !== undefined;
  if (given.buildId !== buildId && !(isNamed && given.buildId === undefined)) {
    throw foreign(`it is for build ID ${given.buildId ?? 'none'}`);
  }
  if (given.baseSha256 !== core.sha256 && !(isNamed && given.baseSha256 === undefined)) {
    throw foreign('its base is another core');
  }
  const vermagic = carrier?.load?.vermagic;
  if (vermagic !== undefined && given.vermagic !== vermagic) {
    throw foreign(`its vermagic is '${given.vermagic ?? ''}', the kernel's '${vermagic}'`);
  }
  const otherTarget = misfitOfTarget(given.header, record, isNamed);
  if (otherTarget !== undefined) throw foreign(otherTarget);
  const { ours, required } = SECTIONS[file](record, linked);
  const isOwn = linked === UPSTREAM_SECTION;
  const there = Object.keys(given.sections).filter(
    (name) => !(isOwn && OWN_SECTIONS.includes(name)),
  );
  for (const name of new Set([...required, ...there])) {
    if (given.sections[name] === undefined) throw foreign(`it has no ${name}`);
    if (ours[name] === undefined) throw foreign(`the depot has no ${name} of this kernel`);
    if (given.sections[name]?.sha256 !== ours[name])
      throw foreign(`the depot has other bytes for its ${name}`);
  }
  const unsafe = fault(given.judgement, { isLinked: isNamed, load: carrier?.load });
  if (unsafe !== undefined) throw new DepotError('unsafe-carrier', `carrier: ${unsafe}`);
  return file;
}

/** The section for which the kernel names the module; undefined: it names it for none. */
export function linkedSection(
  given: UnjudgedCarrier,
  links: readonly LinkRecord[] = [],
): string | undefined {
  return LINKABLE.find((section) => isLinked(given, section, links));
}

/**
 * A kernel keeps the names in its link records for the bytes that they name.
 * @throws DepotError `foreign-carrier` for a module of such a name with other bytes.
 */
export function refuseUnlinked(
  { name, sections }: UnjudgedCarrier,
  links: readonly LinkRecord[] = [],
): void {
  for (const { section: record } of links) {
    const section = record.replace(/\.link$/, '');
    const link = linkFor(links, section);
    if (!link || link.module !== name) continue;
    const btf: LinkedBtf | undefined = sections[section];
    const { sha256, size } = btf ?? { sha256: 'none', size: 0 };
    if (sha256 === link.sha256 && size === (link.size ?? size)) continue;
    throw foreign(
      `its ${section} has SHA-256 ${sha256} and ${size} bytes; ${record} of the kernel names ` +
        `${link.sha256} and ${link.size ?? 'any number of'} bytes`,
    );
  }
}

/**
 * BTF of the module itself, in a carrier that the kernel names: the build wrote it for its C file.
 */
const OWN_SECTIONS = ['.BTF', '.BTF.base'];

/** The fields in which a given carrier differs from modules of the kernel. */
function misfitOfTarget(
  header: GivenCarrier['header'],
  { arch, bits, endian, carrier }: Pick<KernelRecord, 'arch' | 'bits' | 'endian' | 'carrier'>,
  isNamed: boolean,
): string | undefined {
  const target = carrierTarget({ arch, bits, endian });
  const { load } = carrier ?? {};
  // Only a module of the build shows what its other modules have.
  const isShown = load && (!isNamed || load.placeholders !== undefined);
  const shown = isShown ? moduleHeader(target.machine, load) : undefined;
  const wanted = {
    class: bits,
    endian,
    // EM_NONE: the record does not say.
    machine: target.machine === 0 ? undefined : target.machine,
    flags: shown?.flags,
    osabi: shown?.osabi,
  };
  for (const key of ['class', 'endian', 'machine', 'flags', 'osabi'] as const) {
    const [is, want] = [header[key], wanted[key]];
    if (want !== undefined && is !== want) {
      return `${key} of its ELF header is ${is}, and ${want} in modules of the kernel`;
    }
  }
  return undefined;
}

/**
 * Why a published carrier must not be given to a kernel, whoever made it; undefined if it may. Its
 * BTF is not compared with the record's.
 */
export function whyUnsafe(bytes: Uint8Array, carrier: KernelRecord['carrier']): string | undefined {
  const judgement = judgeCarrier(bytes, { structModule: carrier?.load?.structModule });
  if (judgement.as === 'refused') return fault(judgement);
  const { name = '', sections } = readCarrier(bytes);
  const links = carrier?.links ?? [];
  const isNamed = sections.some(({ name: section, bytes: btf }) =>
    isLinkedCarrier(links, { module: name, section }, { sha256: sha256Of(btf), size: btf.length }),
  );
  return fault(judgement, { isLinked: isNamed, load: carrier?.load });
}

/** Only a module that the kernel names may differ from our own. */
function fault(
  judgement: Judgement,
  about: { isLinked?: boolean; load?: CarrierEntry['load'] | undefined } = {},
): string | undefined {
  const { isLinked: isNamed = false, load } = about;
  if (judgement.as === 'refused') return `${judgement.why} (${judgement.code})`;
  if (judgement.as === 'empty-module' && !isNamed) {
    return 'it differs from the carrier that the depot makes, and the kernel does not name it';
  }
  const { structModule: layout, layoutCrc } = judgement.load ?? {};
  if (!load || !layout) return undefined;
  const { size, nameOffset } = load.structModule;
  const isOther =
    layout.size !== size ||
    layout.nameOffset !== nameOffset ||
    (layoutCrc !== undefined && load.layoutCrc !== undefined && layoutCrc !== load.layoutCrc);
  return isOther ? "its struct module or CRC differs from that of the kernel's modules" : undefined;
}

type Holding = Pick<KernelRecord, 'delivery' | 'core' | 'parts'>;

interface Sections {
  /** SHA-256 of the sections that it may have, by name. */
  ours: Partial<Record<string, string>>;
  required: string[];
}

/**
 * The sections of each carrier, as INSIDE of make-carriers.ts fills them.
 *
 * @param linked the section for which the kernel names the module.
 */
const SECTIONS: Readonly<
  Record<CarrierFile, (record: Holding, linked: string | undefined) => Sections>
> = {
  'btf_vmlinux.ko': (record, linked) => ({
    ours: { ...ownBtf(record), ...extraSections(record) },
    // Upstream's has core alone.
    required: ['.BTF', ...(record.parts.vars && linked === undefined ? ['.BTF.vars'] : [])],
  }),
  'btf_vmlinux_ksyms.ko': (record) => ({ ours: ownBtf(record), required: ['.BTF'] }),
  'btf_vmlinux_inline.ko': ({ parts: { inlines } }) => ({
    ours: { [UPSTREAM_SECTION]: inlines?.sha256 },
    required: [UPSTREAM_SECTION],
  }),
};

function ownBtf({ delivery, core, parts }: Holding): Sections['ours'] {
  return { '.BTF': (delivery === 'module' ? core : parts.ksyms)?.sha256 };
}

/** The sections in which makeCarriers puts extras. */
function extraSections(record: Partial<KernelRecord>): Record<string, string> {
  const sections = [...extrasOf(record)].map(([name, { sha256 }]) => {
    const known = isExtraName(name) ? partSpec(name).sections?.[0] : undefined;
    return [known ?? `.BTF.${name}`, sha256] as const;
  });
  return Object.fromEntries(sections);
}

function foreign(how: string): DepotError {
  return new DepotError('foreign-carrier', `carrier: ${how}`);
}
