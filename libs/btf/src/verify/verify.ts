import { FormatError } from '@btf-depot/bytes';
import { LATEST_KERNEL, type KernelVersion } from '../kernel-version.ts';
import { indexPartly, type ParseOptions } from '../wire/parse.ts';
import { checkMeta } from './check-meta.ts';
import { checkReferences } from './check-references.ts';
import { checkResolve } from './check-resolve.ts';
import { checkSections } from './check-sections.ts';
import { checkTypeTags } from './check-tags.ts';
import { Faults, type BtfFault } from './faults.ts';

export interface VerifyOptions extends ParseOptions {
  /** The kernel whose rules apply: by default the newest known. */
  readonly kernel?: KernelVersion | undefined;
  /**
   * `kernel`: a kernel's checks of its own BTF and of its modules' (each type by itself, and chains
   * of modifiers). `load`: also that types fit together, as for BPF_BTF_LOAD.
   */
  readonly checks?: 'kernel' | 'load';
  /** Most faults: by default one, Infinity for all. */
  readonly faults?: number;
}

export const VERIFY_DEFAULTS = { kernel: LATEST_KERNEL, checks: 'kernel', faults: 1 } as const;

/**
 * Everything that a kernel of that version would refuse in this BTF, in the order of its checks;
 * empty if it would accept it. Beyond the kernel's rules, ids and strings that lie outside are
 * always found. Bytes that cannot be indexed at all give one fault with the reader's code as its
 * rule.
 */
export function verifyBtf(bytes: Uint8Array, options: VerifyOptions = {}): BtfFault[] {
  const {
    kernel = VERIFY_DEFAULTS.kernel,
    checks = VERIFY_DEFAULTS.checks,
    faults: limit = VERIFY_DEFAULTS.faults,
  } = options;
  const faults = new Faults(limit);
  let indexed: ReturnType<typeof indexPartly>;
  try {
    indexed = indexPartly(bytes, options);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    reader(faults, error);
    return faults.found;
  }
  const { btf, failure } = indexed;
  checkSections(btf, kernel, faults);
  checkMeta(btf, kernel, faults);
  if (failure) {
    reader(faults, failure, btf.endId);
    return faults.found;
  }
  // The rest follows references, which must all lead somewhere.
  if (faults.full || !checkReferences(btf, faults)) return faults.found;
  checkTypeTags(btf, faults);
  if (checks === 'load' && !faults.full) checkResolve(btf, kernel, faults);
  return faults.found;
}

function reader(faults: Faults, { code, message, where }: FormatError, id = 0): void {
  // The place is a field of its own here.
  faults.whole(code, message.replace(/^.*?\+0x[0-9a-f]+: /, ''), where.offset ?? 0, id);
}
