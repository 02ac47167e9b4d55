import { extrasOf, partOf, partOfSection, type KernelRecord } from '@btf-depot/contracts';
import { DepotError } from '../errors.ts';
import { missingPart } from './missing-part.ts';
import { refuseWithdrawn } from '../record/refuse-withdrawn.ts';

/**
 * The blob of an ELF section of a kernel with all of its BTF inside: `.BTF` is core, `.BTF.NAME` an
 * extra or one of its companions.
 *
 * @throws DepotError `unknown-artifact`, `withdrawn`, and findArtifact's errors for a missing part.
 */
export function findSection(
  record: KernelRecord,
  section: string,
): { sha256: string; size: number } {
  refuseWithdrawn(record);
  const part = partOfSection(section);
  if (part) {
    const found = partOf(record, part);
    if (!found) throw missingPart(record, part);
    return found;
  }
  // Extras of a newer version have the same place.
  const name = section.startsWith('.BTF.') ? section.slice('.BTF.'.length) : '';
  const found = extrasOf(record).get(name);
  if (found) return found;
  throw new DepotError('unknown-artifact', `${record.buildId} has no section of this name`);
}
