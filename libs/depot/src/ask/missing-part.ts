import { carrierReason, partSpec, type KernelRecord, type PartName } from '@btf-depot/contracts';
import { DepotError } from '../errors.ts';

/** The way out for a kernel without variables or inlined calls. */
export const SEND_DEBUG_INFORMATION = 'send its vmlinux or package with debug information';

/** The error of a request for a part that the kernel lacks, by whatever name it asked. */
export function missingPart({ buildId, carrier }: KernelRecord, name: PartName): DepotError {
  const { code, what, because } = partSpec(name).miss ?? { code: 'unknown-artifact', what: name };
  if (because !== 'carrier') {
    return new DepotError(
      code,
      `no upload of ${buildId} contained ${what}; ${SEND_DEBUG_INFORMATION}`,
    );
  }
  const reason = carrier?.why === undefined ? 'they are not made yet' : carrierReason(carrier.why);
  return new DepotError(code, `no ${what} of ${buildId}: ${reason}`);
}
