import { mayCarry } from '@btf-depot/carrier';
import {
  CARRIER_FILES,
  CARRIERS,
  COMPRESSED_FORMS,
  PACKING,
  partOf,
  PARTS,
  PUBLISHED_PARTS,
  type ArtifactName,
  type CarrierFile,
  type KernelRecord,
} from '@btf-depot/contracts';
import { isLeastMade } from './make-carriers.ts';

/** The artifacts that a kernel with these parts gets, as far as its record tells. */
function dueArtifacts(record: KernelRecord): string[] {
  const parts = PUBLISHED_PARTS.filter((name) => partOf(record, name));
  const carriers = CARRIER_FILES.filter((file) => isDue(record, file));
  return [
    ...parts.map((name) => PARTS[name].artifact.name),
    ...carriers,
    ...carriers.flatMap((file) => Object.keys(COMPRESSED_FORMS).map((form) => `${file}.${form}`)),
    ...(['manifest', 'SHA256SUMS'] satisfies ArtifactName[]),
  ];
}

/**
 * A name that the kernel reserves for a module of its build may be left out: only packing knows.
 */
function isDue(record: KernelRecord, file: CarrierFile): boolean {
  const { carrier, parts } = record;
  const { module, needs } = CARRIERS[file];
  if (carrier?.given?.[file]) return true;
  if (needs && !partOf(record, needs)) return false;
  const load = carrier?.why === 'load-refused' ? undefined : carrier?.load;
  if (needs === 'ksyms' && !isLeastMade({ ksyms: parts.ksyms, load })) return false;
  return mayCarry(carrier?.links ?? [], module, undefined);
}

/**
 * Whether a compressor of an earlier generation published the kernel with fewer artifacts than this
 * one makes. This generation and later ones have made all.
 */
export function isPackedShort(record: KernelRecord): boolean {
  const { state, packing = 0, artifacts } = record;
  if (state !== 'ready' || packing >= PACKING) return false;
  return dueArtifacts(record).some((name) => !Object.hasOwn(artifacts, name));
}
