import { extrasOf, partOf, partOfSection, type KernelRecord } from '@btf-depot/contracts';
import { DepotError } from '../errors.ts';
import { missingPart } from './missing-part.ts';
import { refuseWithdrawn } from '../record/refuse-withdrawn.ts';

/**
 * The blob of an ELF section that a kernel with all of its BTF inside would have: `.BTF` is core,
 * `.BTF.NAME` an extra or one of its companions.
 *
 * @throws DepotError `unknown-artifact`, `withdrawn`, and for a part that it lacks what findArtifact throws.
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
  // An extra of a newer version lies where those of this one do.
  const name = section.startsWith('.BTF.') ? section.slice('.BTF.'.length) : '';
  const found = extrasOf(record).get(name);
  if (found) return found;
  throw new DepotError('unknown-artifact', `${record.buildId} has no section of this name`);
}
