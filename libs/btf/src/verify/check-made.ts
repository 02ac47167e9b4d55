import { FormatError } from '@btf-depot/bytes';
import { formatFault } from './faults.ts';
import { verifyBtf, type VerifyOptions } from './verify.ts';

export interface CheckMadeOptions extends Omit<VerifyOptions, 'faults'> {
  /** First id that was made here: earlier ones are a kernel's own, unchanged. */
  readonly from?: number;
}

/**
 * Returns BTF that was made here, unchanged, if a kernel would accept it: its next reader may check
 * less.
 * @param what it is, for the message.
 * @throws FormatError `btf-refused`, with the type.
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
