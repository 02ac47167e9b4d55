import { FormatError } from '@btf-depot/bytes';
import { formatFault } from './faults.ts';
import { verifyBtf, type VerifyOptions } from './verify.ts';

export interface CheckMadeOptions extends Omit<VerifyOptions, 'faults'> {
  /** First id that was made here: what lies before is a kernel's own, as it came. */
  readonly from?: number;
}

/**
 * BTF that was made here, as it is, if a kernel would take it: whoever reads it next may check it
 * less well.
 * @param what it is, for the message.
 * @throws FormatError `btf-refused`, naming the type.
 */
export function checkMade<Bytes extends Uint8Array>(
  what: string,
  bytes: Bytes,
  { from = 0, ...options }: CheckMadeOptions = {},
): Bytes {
  const faults = verifyBtf(bytes, { ...options, faults: from === 0 ? 1 : Infinity });
  const fault = faults.find(({ id }) => id === 0 || id >= from);
  if (!fault) return bytes;
  throw new FormatError('btf-refused', `${what}: a kernel would refuse ${formatFault(fault)}`);
}
