import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DepotError, forEachAtMost, type UploadedFile } from '@btf-depot/depot';
import { ArchiveError, type ArchiveItem } from '@btf-depot/upstreams';
import { fetchPackage } from './fetch-package.ts';
import { paceAt } from './rate.ts';

/** A kernel that was accepted or refused. */
export interface TakenKernel {
  buildId?: string | undefined;
  release?: string | undefined;
  variables?: number | undefined;
  /** Why it was refused. */
  error?: { code: string; message: string } | undefined;
}

/** The target of an import. */
export interface ImportTarget {
  /** Whether it has the kernels of this package. */
  has(item: ArchiveItem): Promise<boolean>;
  /** @throws DepotError if the package has no acceptable kernel. */
  take(file: UploadedFile, item: ArchiveItem, signal: AbortSignal): Promise<TakenKernel[]>;
}

const IMPORT_DEFAULTS = { parallel: 1, breaks: 5, pauseMs: 1000 } as const;

export interface ImportOptions {
  /** For downloads, and for notes about refused packages. */
  folder: string;
  /** Only report what would be done. */
  dryRun?: boolean | undefined;
  /** Retry packages that were refused. */
  again?: boolean | undefined;
  /** Number of simultaneous downloads. */
  parallel?: number | undefined;
  /** Bytes a second, of all downloads together. */
  rate?: number | undefined;
  breaks?: number | undefined;
  pauseMs?: number | undefined;
  onProgress?: ((progress: ImportProgress) => void) | undefined;
  onDone?: ((done: ImportedItem) => void) | undefined;
  signal: AbortSignal;
}

export interface ImportProgress {
  item: ArchiveItem;
  stage: 'downloading' | 'splitting';
  /** Bytes of this package so far. */
  done: number;
  /** Bytes of all packages: received, and in total. */
  allDone: number;
  all: number;
  /** Milliseconds until all are there, at the speed so far. */
  leftMs?: number | undefined;
}

export interface ImportedItem {
  item: ArchiveItem;
  /**
   * `present`: the target has it; `planned`: a dry run would fetch it; `refused`: it is
   * unacceptable, now or at the last attempt; `failed`: it may work another time.
   */
  outcome: 'present' | 'planned' | 'imported' | 'refused' | 'failed';
  kernels: TakenKernel[];
  error?: { code: string; message: string } | undefined;
}

/**
 * Fetches packages in order and hands each to the target. A failure does not stop the others.
 * Packages that the target has are not fetched, so a second run does nothing.
 */
export async function runImport(
  items: readonly ArchiveItem[],
  target: ImportTarget,
  options: ImportOptions,
): Promise<ImportedItem[]> {
  const { folder, dryRun, again, signal, onDone } = options;
  await mkdir(folder, { recursive: true });
  const refusals = await Refusals.open(folder);
  const results = new Map<ArchiveItem, ImportedItem>();
  const tell = (result: ImportedItem) => {
    results.set(result.item, result);
    onDone?.(result);
  };
  const due: ArchiveItem[] = [];
  for (const item of items) {
    const before = again ? undefined : refusals.get(item);
    if (await target.has(item)) tell({ item, outcome: 'present', kernels: [] });
    else if (before) tell({ item, outcome: 'refused', kernels: [], error: before });
    else due.push(item);
  }
  if (dryRun) for (const item of due) tell({ item, outcome: 'planned', kernels: [] });
  else await fetchAll(due, target, { ...options, refusals, tell });
  signal.throwIfAborted();
  return items.flatMap((item) => results.get(item) ?? []);
}

interface Fetching extends ImportOptions {
  refusals: Refusals;
  tell: (result: ImportedItem) => void;
}

async function fetchAll(
  due: readonly ArchiveItem[],
  target: ImportTarget,
  { refusals, tell, ...options }: Fetching,
): Promise<void> {
  const { folder, signal, onProgress } = options;
  const {
    parallel = IMPORT_DEFAULTS.parallel,
    breaks = IMPORT_DEFAULTS.breaks,
    pauseMs = IMPORT_DEFAULTS.pauseMs,
  } = options;
  const pace = paceAt(options.rate, signal);
  const all = due.reduce((sum, { size }) => sum + size, 0);
  const came = new Map<ArchiveItem, number>();
  const started = performance.now();
  let fresh = 0;
  const show = (item: ArchiveItem, stage: ImportProgress['stage'], done: number) => {
    const before = came.get(item);
    came.set(item, done);
    if (before !== undefined) fresh += Math.max(0, done - before);
    const allDone = [...came.values()].reduce((sum, one) => sum + one, 0);
    const speed = fresh / (performance.now() - started);
    const leftMs = fresh > 0 ? (all - allDone) / speed : undefined;
    onProgress?.({ item, stage, done, allDone, all, leftMs });
  };
  // One is split while the next ones download: the target has few threads.
  let last: Promise<unknown> = Promise.resolve();
  await forEachAtMost(parallel, due, async (item) => {
    if (signal.aborted) return;
    try {
      const onBytes = (done: number) => show(item, 'downloading', done);
      const file = await fetchPackage(item, {
        folder,
        signal,
        breaks,
        pauseMs,
        pace,
        onProgress: onBytes,
      });
      const turn = last.then(async () => {
        show(item, 'splitting', item.size);
        return target.take(file, item, signal);
      });
      last = turn.catch(() => undefined);
      const kernels = await turn;
      await rm(join(folder, `${item.sha256}.part`), { force: true });
      const [refused] = kernels.flatMap(({ error }) => error ?? []);
      const isTaken = kernels.some(({ error }) => !error);
      tell({ item, outcome: isTaken ? 'imported' : 'refused', kernels, error: refused });
      if (!isTaken && refused) await refusals.add(item, refused);
    } catch (error) {
      if (signal.aborted) return;
      const { code, message } = faultOf(error);
      const isRefused = error instanceof DepotError && !PASSING.has(error.code);
      if (isRefused) {
        await rm(join(folder, `${item.sha256}.part`), { force: true });
        await refusals.add(item, { code, message });
      }
      tell({
        item,
        outcome: isRefused ? 'refused' : 'failed',
        kernels: [],
        error: { code, message },
      });
    }
  });
}

/** Codes of a depot for temporary failures. */
const PASSING: ReadonlySet<string> = new Set([
  'busy',
  'disk-full',
  'store-unavailable',
  'internal',
  'time-limit',
  'memory-limit',
]);

function faultOf(error: unknown): { code: string; message: string } {
  if (error instanceof DepotError || error instanceof ArchiveError) {
    return { code: error.code, message: error.message };
  }
  return { code: 'internal', message: error instanceof Error ? error.message : String(error) };
}

interface Refusal {
  code: string;
  message: string;
}

/** Refused packages by SHA-256: a gigabyte is not fetched again to be refused again. */
class Refusals {
  readonly #path: string;
  readonly #known: Map<string, Refusal>;

  private constructor(path: string, known: Map<string, Refusal>) {
    this.#path = path;
    this.#known = known;
  }

  static async open(folder: string): Promise<Refusals> {
    const path = join(folder, 'refused.json');
    const text = await readFile(path, 'utf8').catch(() => '{}');
    return new Refusals(path, new Map(Object.entries(JSON.parse(text) as Record<string, Refusal>)));
  }

  get({ sha256 }: ArchiveItem): Refusal | undefined {
    return this.#known.get(sha256);
  }

  async add({ sha256 }: ArchiveItem, refusal: Refusal): Promise<void> {
    this.#known.set(sha256, refusal);
    await writeFile(this.#path, JSON.stringify(Object.fromEntries(this.#known), null, 1));
  }
}
