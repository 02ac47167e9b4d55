import type { KernelRecord, SourceEntry } from './record.ts';

/** The sources since the last upload that replaced everything, with that upload. */
export function sourcesSinceReplace(sources: readonly SourceEntry[]): readonly SourceEntry[] {
  const replacing = sources.findLast(({ replaced }) => replaced === true);
  return replacing ? sources.slice(sources.findIndex(({ at }) => at === replacing.at)) : sources;
}

/**
 * The files that the published state may come from: "known already" holds only for these. An
 * earlier file may have been replaced since, and is then ingested again.
 */
export function currentSources(record: KernelRecord): readonly SourceEntry[] {
  const { given = {}, refused } = record.carrier ?? {};
  const carriers = new Set(Object.values(given).map(({ sha256 }) => sha256));
  return sourcesSinceReplace(record.sources).filter(
    (source) => !isCarrier(source) || refused !== undefined || carriers.has(source.sha256),
  );
}

/** A carrier that comes alone may be sent as the kernel. */
function isCarrier({ part, kind }: SourceEntry): boolean {
  return part === 'carrier' || (part === 'kernel' && kind === 'module');
}
