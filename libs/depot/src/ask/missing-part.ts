import { carrierReason, partSpec, type KernelRecord, type PartName } from '@btf-depot/contracts';
import { DepotError } from '../errors.ts';

/** What a request is told for a part that the kernel does not have, by whatever name it asks. */
export function missingPart({ buildId, carrier }: KernelRecord, name: PartName): DepotError {
  const { code, what, because } = partSpec(name).miss ?? { code: 'unknown-artifact', what: name };
  if (because !== 'carrier') {
    return new DepotError(code, `no ${what} of ${buildId} were uploaded`);
  }
  const reason = carrier?.why === undefined ? 'not made yet' : carrierReason(carrier.why);
  return new DepotError(code, `no ${what} of ${buildId}: ${reason}`);
}
