import { partsOf } from '@btf-depot/contracts';
import {
  acceptCopy,
  isProvisional,
  UpstreamFault,
  type Miss,
  type OfferedCopy,
} from '@btf-depot/depot';
import { refusalOf, type Taking } from './take-file.ts';

/**
 * Takes a kernel over from another depot.
 * @throws for a fault here; the signal's reason.
 */
export async function takeCopy(copy: OfferedCopy, taking: Taking): Promise<Miss | undefined> {
  const { variables, principal, signal, show, metrics, keys } = taking;
  const { record } = copy;
  if (variables && !record.parts.vars) {
    return { reason: 'missing', detail: 'it has the kernel without variables' };
  }
  const total = [...partsOf(record)].reduce((sum, [, { size }]) => sum + size, 0);
  let done = 0;
  const blob: OfferedCopy['blob'] = async (wanted) => {
    show({ stage: 'download', done: Math.min(done, total), total });
    const bytes = await copy.blob(wanted);
    done += bytes.length;
    metrics.downloaded(bytes.length);
    return bytes;
  };
  try {
    const deps = { ...taking, compute: taking.compute.for(principal) };
    const actor = { principal, scopes: [] };
    const { outcome } = await acceptCopy(deps, { record, blob }, actor, { keys, signal });
    if (outcome !== 'known' || !isProvisional(record)) return undefined;
    return { reason: 'pending', detail: 'it has only the BTF so far' };
  } catch (error) {
    signal.throwIfAborted();
    return error instanceof UpstreamFault ? error.miss : refusalOf(error);
  }
}
