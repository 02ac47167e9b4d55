import type { WantedKernel } from '@btf-depot/contracts';
import { archiveNames, type ArchiveItem } from '@btf-depot/upstreams';
import { globPattern } from '../export/only.ts';

export interface Choice {
  /** Patterns of releases or names of packages; one of them must match. */
  match?: readonly string[] | undefined;
  /** Only packages that were built, or put into the archive, since. */
  since?: Date | undefined;
  /** Only these; all if absent. */
  wanted?: readonly WantedKernel[] | undefined;
}

export interface Chosen {
  /** By release, oldest first; each package once. */
  items: ArchiveItem[];
  /** Kernels without a package. */
  notFound: WantedKernel[];
}

/** Chooses the packages of an archive to import. */
export async function choose(
  all: AsyncIterable<ArchiveItem>,
  { match, since, wanted }: Choice,
  signal: AbortSignal,
): Promise<Chosen> {
  const patterns = match?.map(globPattern);
  const items = new Map<string, ArchiveItem>();
  const left = new Set(wanted);
  for await (const item of all) {
    const { name, release, sha256 } = item;
    if (patterns && !patterns.some((one) => one.test(release) || one.test(name))) continue;
    if (since && !(await isSince(item, since, signal))) continue;
    if (wanted) {
      const fitting = wanted.filter((kernel) => isOf(item, kernel));
      if (fitting.length === 0) continue;
      for (const kernel of fitting) left.delete(kernel);
    }
    items.set(sha256, item);
  }
  const order = new Intl.Collator('en', { numeric: true });
  const sorted = [...items.values()].sort(
    (a, b) => order.compare(a.release, b.release) || order.compare(a.version, b.version),
  );
  return { items: sorted, notFound: [...left] };
}

async function isSince(item: ArchiveItem, since: Date, signal: AbortSignal): Promise<boolean> {
  const built = item.built ?? (await item.place.modified(item.path, signal));
  // A package without a date may be new.
  return built === undefined || built >= since;
}

/** The build ID decides if the index has the package's build IDs; else the release does. */
function isOf(item: ArchiveItem, { buildId, release, arch }: WantedKernel): boolean {
  if (buildId !== undefined && item.buildIds?.has(buildId)) return true;
  if (release === undefined || release !== item.release) return false;
  return arch === undefined || archiveNames(arch).includes(item.architecture);
}
