import type { KernelRecord } from '@btf-depot/contracts';
import { DepotError } from './errors.ts';
import type { BlobStore } from './ports/blob-store.ts';
import type { StoredParts } from './split-kernel.ts';

/**
 * What earlier uploads of a kernel brought, for one that is split now: its variables where they
 * have no ksyms yet, or claimed ones, its symbols, and core where that is asked for.
 * @throws DepotError `internal` where core is not in the store.
 */
export async function storedParts(
  blobs: BlobStore,
  { buildId, core, extras, ksyms, symbols, carrier }: KernelRecord,
  wants: { core: boolean },
): Promise<StoredParts> {
  const vars = ksyms && !ksyms.claimed ? undefined : extras.vars;
  const [coreBytes, varsBytes, symbolBytes] = await Promise.all([
    wants.core ? blobs.get(core.sha256) : undefined,
    vars && blobs.get(vars.sha256),
    symbols && blobs.get(symbols.sha256),
  ]);
  if (wants.core && !coreBytes) {
    throw new DepotError('internal', `the core of ${buildId} is not in the store`);
  }
  return {
    ...(coreBytes && { core: coreBytes }),
    ...(vars && varsBytes && { vars: { ...vars, bytes: varsBytes } }),
    ...(symbolBytes && { symbols: symbolBytes }),
    ...(carrier?.load && { load: carrier.load }),
  };
}

/** Why there are none for good. */
const SETTLED: readonly string[] = ['no-ksyms', 'ksyms-refused', 'foreign-symbols'];

/** Variables and symbols are there, and nothing says yet what came of them. */
export function couldHaveKsyms({
  delivery,
  extras,
  ksyms,
  symbols,
  carrier,
}: KernelRecord): boolean {
  const isOpen = !SETTLED.includes(carrier?.why ?? '');
  return delivery === 'builtin' && isOpen && !ksyms && !!extras.vars && !!symbols;
}
