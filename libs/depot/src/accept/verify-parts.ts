import { FormatError } from '@btf-depot/bytes';
import { formatFault, parseBtf, verifyBtf, type BtfFault } from '@btf-depot/btf';
import type { CarrierEntry } from '@btf-depot/contracts';
import { DepotError } from '../errors.ts';
import { whyUnsafe } from '../split/given-carrier.ts';

/** What another depot made of a kernel. */
export interface CopiedParts {
  core: Uint8Array;
  coreSha256: string;
  /** Split BTF: the extras, and ksyms. */
  split: readonly { name: string; baseSha256?: string | undefined; bytes: Uint8Array }[];
  /** Carriers of the build. */
  given: readonly { name: string; bytes: Uint8Array }[];
  carrier: CarrierEntry | undefined;
}

/**
 * Verifies them as after a split here.
 * @throws DepotError `bad-btf`, `foreign-core`, `unsafe-carrier`.
 */
export function verifyParts({ core, coreSha256, split, given, carrier }: CopiedParts): void {
  const base = checked('core', () => {
    refuseFaults('core', verifyBtf(core));
    return parseBtf(core);
  });
  for (const { name, baseSha256, bytes } of split) {
    if (baseSha256 !== undefined && baseSha256 !== coreSha256) {
      throw new DepotError('foreign-core', `the base of ${name} is another core`);
    }
    checked(name, () => refuseFaults(name, verifyBtf(bytes, { base })));
  }
  for (const { name, bytes } of given) {
    const why = checked(name, () => whyUnsafe(bytes, carrier));
    if (why !== undefined) throw new DepotError('unsafe-carrier', `${name}: ${why}`);
  }
}

function refuseFaults(name: string, [fault]: readonly BtfFault[]): void {
  if (fault) throw new DepotError('bad-btf', `${name}: ${formatFault(fault)}`);
}

function checked<Result>(name: string, check: () => Result): Result {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new DepotError('bad-btf', `${name}: ${error.message}`, { cause: error });
  }
}
