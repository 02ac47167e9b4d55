import type { Source } from '@btf-depot/bytes';
import { isLinkedCarrier, readCarrier, type LinkRecord } from '@btf-depot/carrier';
import type { CarrierFile, KernelRecord } from '@btf-depot/contracts';
import { DepotError } from './errors.ts';
import { UPSTREAM_SECTION } from './inlines/inlines-part.ts';
import { CARRIER_NAME, INLINE_CARRIER_NAME, KSYMS_CARRIER_NAME } from './make-carriers.ts';
import { MAX_BLOB_SIZE } from './ports/blob-store.ts';
import { sha256Of } from './sha256.ts';

/** A carrier that a build farm made, and may have signed, inside its build. */
export interface GivenCarrier {
  bytes: Uint8Array;
  sha256: string;
  signed: boolean;
  /** What it says of itself. */
  name?: string;
  buildId?: string;
  baseSha256?: string;
  vermagic?: string;
  /** SHA-256 of its BTF sections by their names. */
  sections: Record<string, string>;
}

/** The module's name is the artifact's: nothing else would find it in sysfs. */
const FILES: Readonly<Record<string, CarrierFile>> = {
  [CARRIER_NAME]: 'btf_vmlinux.ko',
  [KSYMS_CARRIER_NAME]: 'btf_vmlinux_ksyms.ko',
  [INLINE_CARRIER_NAME]: 'btf_vmlinux_inline.ko',
};

/** @throws FormatError for what is no module. */
export function openGivenCarrier(source: Source): GivenCarrier {
  if (source.size > MAX_BLOB_SIZE) {
    throw new DepotError('too-large', `a carrier of ${source.size} bytes, not ${MAX_BLOB_SIZE}`);
  }
  const bytes = source.read(0, source.size);
  const { name, buildId, baseSha256, vermagic, signed, sections } = readCarrier(bytes);
  return {
    bytes,
    sha256: sha256Of(bytes),
    signed,
    ...(name !== undefined && { name }),
    ...(buildId !== undefined && { buildId }),
    ...(baseSha256 !== undefined && { baseSha256 }),
    ...(vermagic !== undefined && { vermagic }),
    sections: Object.fromEntries(sections.map((one) => [one.name, sha256Of(one.bytes)])),
  };
}

/**
 * The inlined calls in a given carrier, if the kernel names it as the one that brings them: its
 * build wrote these, and nothing else has them.
 */
export function linkedInlines(
  { name = '', bytes, sections }: GivenCarrier,
  links: readonly LinkRecord[] = [],
): Uint8Array | undefined {
  const sha256 = sections[UPSTREAM_SECTION];
  if (name !== INLINE_CARRIER_NAME || sha256 === undefined) return undefined;
  if (!isLinkedCarrier(links, name, sha256)) return undefined;
  return readCarrier(bytes)
    .sections.find((one) => one.name === UPSTREAM_SECTION)
    ?.bytes.slice();
}

/**
 * The artifact that a given carrier takes the place of.
 * @throws DepotError `foreign-carrier` unless its BTF is, byte for byte, what the record has.
 */
export function artifactOf(
  given: GivenCarrier,
  record: Pick<
    KernelRecord,
    'buildId' | 'delivery' | 'core' | 'extras' | 'ksyms' | 'inlines' | 'carrier'
  >,
): CarrierFile {
  const file = FILES[given.name ?? ''];
  if (!file) throw foreign(`its module is named ${given.name ?? 'nothing'}`);
  const { buildId, core, carrier } = record;
  // Upstream's says neither; the kernel itself says by a hash what it is to bring.
  const isLinked = linkedInlines(given, carrier?.links) !== undefined;
  if (given.buildId !== buildId && !(isLinked && given.buildId === undefined)) {
    throw foreign(`it is for build ID ${given.buildId ?? 'none'}`);
  }
  if (given.baseSha256 !== core.sha256 && !(isLinked && given.baseSha256 === undefined)) {
    throw foreign('its base is another core');
  }
  const vermagic = carrier?.load?.vermagic;
  if (vermagic !== undefined && given.vermagic !== vermagic) {
    throw foreign(`its vermagic is '${given.vermagic ?? ''}', the kernel's '${vermagic}'`);
  }
  const { ours, required } = sectionsFor(file, record);
  // What else is in a module that the kernel names is BTF of the module itself.
  const there = isLinked ? [UPSTREAM_SECTION] : Object.keys(given.sections);
  for (const name of new Set([...required, ...there])) {
    if (given.sections[name] === undefined) throw foreign(`it has no ${name}`);
    if (ours[name] === undefined) throw foreign(`${name}: the depot has none of this kernel`);
    if (given.sections[name] !== ours[name]) throw foreign(`${name}: the depot has other bytes`);
  }
  return file;
}

/** SHA-256 of the sections that a carrier may have, and which it must have. */
function sectionsFor(
  file: CarrierFile,
  {
    delivery,
    core,
    extras,
    ksyms,
    inlines,
  }: Pick<KernelRecord, 'delivery' | 'core' | 'extras' | 'ksyms' | 'inlines'>,
): { ours: Partial<Record<string, string>>; required: string[] } {
  if (file === 'btf_vmlinux_inline.ko') {
    return {
      ours: inlines ? { [UPSTREAM_SECTION]: inlines.sha256 } : {},
      required: [UPSTREAM_SECTION],
    };
  }
  const btf = (delivery === 'module' ? core : ksyms)?.sha256;
  const ours = btf === undefined ? {} : { '.BTF': btf };
  if (file === 'btf_vmlinux_ksyms.ko') return { ours, required: ['.BTF'] };
  return {
    ours: { ...ours, ...sectionsOf({ ...extras, ...(inlines && { inlines }) }) },
    required: ['.BTF', ...(extras.vars ? ['.BTF.vars'] : [])],
  };
}

function sectionsOf(extras: Record<string, { sha256: string }>): Record<string, string> {
  const entries = Object.entries(extras).map(([name, { sha256 }]) => [`.BTF.${name}`, sha256]);
  return Object.fromEntries(entries) as Record<string, string>;
}

function foreign(how: string): DepotError {
  return new DepotError('foreign-carrier', `carrier: ${how}`);
}
