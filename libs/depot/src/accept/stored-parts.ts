import type { KernelRecord, PartEntries } from '@btf-depot/contracts';
import { DepotError } from '../errors.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { StoredSymbols } from '../split/kernel-symbols.ts';
import type { StoredParts } from '../split/split-kernel.ts';
import { soundBytes } from '../verified/sound-bytes.ts';

/**
 * What earlier uploads of a kernel brought, for one that is split now: its variables where they
 * have no ksyms yet, or such as are claimed, rest on a map or are to be replaced; its symbols, and
 * core where that is asked for.
 * @throws DepotError `internal` where core is not in the store, `damaged-blob`.
 */
export async function storedParts(
  blobs: BlobStore,
  { buildId, core, parts: { vars: known, ksyms, symbols }, carrier }: KernelRecord,
  wants: { core: boolean; replaces?: boolean | undefined },
): Promise<StoredParts> {
  // Symbols that are replaced take the ksyms with them.
  const isSettled = ksyms && !ksyms.claimed && symbols?.origin !== 'map' && !wants.replaces;
  const vars = isSettled ? undefined : known;
  const [coreBytes, varsBytes, symbolBytes] = await Promise.all([
    wants.core ? blobs.get(core.sha256) : undefined,
    vars && unlessDamaged(blobs, vars.sha256),
    symbols && unlessDamaged(blobs, symbols.sha256),
  ]);
  if (wants.core && !coreBytes) {
    throw new DepotError(
      'internal',
      `the store has lost the core of ${buildId}; send the kernel again`,
    );
  }
  return {
    core: coreBytes,
    vars: vars && varsBytes ? { ...vars, bytes: varsBytes } : undefined,
    symbols: symbols && symbolBytes ? storedSymbols(symbols, symbolBytes) : undefined,
    load: carrier?.load,
    links: carrier?.links,
  };
}

/** The upload may bring it again. */
async function unlessDamaged(blobs: BlobStore, sha256: string): Promise<Uint8Array | undefined> {
  const bytes = await soundBytes(blobs, sha256);
  return bytes === 'damaged' ? undefined : bytes;
}

type SymbolsEntry = PartEntries['symbols'];

function storedSymbols(entry: SymbolsEntry, bytes: Uint8Array): StoredSymbols {
  const { origin, from, hidesVariables } = entry;
  const isKnown = from === 'kallsyms' || from === 'symtab' || from === 'map';
  return { bytes, from: isKnown ? from : origin, hidesVariables };
}

/** Permanent reasons for having none. */
const SETTLED: readonly string[] = [
  'no-ksyms',
  'ksyms-refused',
  'foreign-symbols',
  'no-markers',
  'no-kallsyms-all',
];

/**
 * Variables and symbols are there and not mere claims, but the record has no result from them yet.
 */
export function couldHaveKsyms({
  delivery,
  parts: { vars, ksyms, symbols },
  carrier,
}: KernelRecord): boolean {
  const isOpen = !SETTLED.includes(carrier?.why ?? '');
  return delivery === 'builtin' && isOpen && !ksyms && !!vars && !!symbols && !symbols.claimed;
}
