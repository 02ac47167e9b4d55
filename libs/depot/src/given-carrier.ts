import type { Source } from '@btf-depot/bytes';
import { readCarrier } from '@btf-depot/carrier';
import type { CarrierFile, KernelRecord } from '@btf-depot/contracts';
import { DepotError } from './errors.ts';
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
  btf_vmlinux: 'btf_vmlinux.ko',
  btf_vmlinux_ksyms: 'btf_vmlinux_ksyms.ko',
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
  const { buildId, delivery, core, extras, ksyms, inlines, carrier } = record;
  if (given.buildId !== buildId) throw foreign(`it is for build ID ${given.buildId ?? 'none'}`);
  if (given.baseSha256 !== core.sha256) throw foreign('its base is another core');
  const vermagic = carrier?.load?.vermagic;
  if (vermagic !== undefined && given.vermagic !== vermagic) {
    throw foreign(`its vermagic is '${given.vermagic ?? ''}', the kernel's '${vermagic}'`);
  }
  const whole = file === 'btf_vmlinux.ko';
  const ours: Partial<Record<string, string>> = {
    '.BTF': (delivery === 'module' ? core : ksyms)?.sha256,
    ...(whole && sectionsOf({ ...extras, ...(inlines && { inlines }) })),
  };
  const required = ['.BTF', ...(whole && extras.vars ? ['.BTF.vars'] : [])];
  for (const name of new Set([...required, ...Object.keys(given.sections)])) {
    if (given.sections[name] === undefined) throw foreign(`it has no ${name}`);
    if (ours[name] === undefined) throw foreign(`${name}: the depot has none of this kernel`);
    if (given.sections[name] !== ours[name]) throw foreign(`${name}: the depot has other bytes`);
  }
  return file;
}

function sectionsOf(extras: Record<string, { sha256: string }>): Record<string, string> {
  const entries = Object.entries(extras).map(([name, { sha256 }]) => [`.BTF.${name}`, sha256]);
  return Object.fromEntries(entries) as Record<string, string>;
}

function foreign(how: string): DepotError {
  return new DepotError('foreign-carrier', `carrier: ${how}`);
}
