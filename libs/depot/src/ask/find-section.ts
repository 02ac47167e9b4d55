import type { KernelRecord } from '@btf-depot/contracts';
import { DepotError } from '../errors.ts';
import { refuseWithdrawn } from '../record/refuse-withdrawn.ts';

/**
 * The blob of an ELF section that a kernel with all of its BTF inside would have: `.BTF` is core,
 * `.BTF.NAME` an extra or the ksyms.
 *
 * @throws DepotError `unknown-artifact`, `no-vars`, `withdrawn`.
 */
export function findSection(
  record: KernelRecord,
  section: string,
): { sha256: string; size: number } {
  const { buildId, core, extras, ksyms, inlines } = record;
  refuseWithdrawn(record);
  if (section === '.BTF') return core;
  const name = section.startsWith('.BTF.') ? section.slice('.BTF.'.length) : '';
  if (Object.hasOwn(extras, name)) return extras[name];
  if (name === 'ksyms' && ksyms) return ksyms;
  // The mail thread's name, and upstream's.
  if ((name === 'inlines' || name === 'inline') && inlines) return inlines;
  if (name === 'vars') throw new DepotError('no-vars', `${buildId} came without variables`);
  throw new DepotError('unknown-artifact', `${buildId} has no section of this name`);
}
