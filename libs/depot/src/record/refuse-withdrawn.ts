import type { KernelRecord } from '@btf-depot/contracts';
import { DepotError } from '../errors.ts';

/** @throws DepotError `withdrawn`, with the public reason, if the kernel is withdrawn. */
export function refuseWithdrawn({ buildId, state, withdrawal }: KernelRecord): void {
  if (state !== 'withdrawn') return;
  const reason = withdrawal ? `: ${withdrawal.reason}` : '';
  const members = withdrawal?.expired && { comesBack: true };
  throw new DepotError('withdrawn', `${buildId} was withdrawn${reason}`, members && { members });
}
