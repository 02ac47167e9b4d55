import { join } from 'node:path';
import { PROBLEMS } from '@btf-depot/contracts';
import {
  acceptUpload,
  DepotError,
  isMiss,
  PROVISIONAL_MS,
  type Miss,
  type OfferedFile,
  type PullProgress,
  type UploadedFile,
} from '@btf-depot/depot';
import { tellingFullDisk } from '@btf-depot/compute';
import { download } from '@btf-depot/upstreams';
import type { Reservation } from '../upload/disk-space.ts';
import { isPacked } from '../upload/is-packed.ts';
import type { PullDeps } from './pull-kernel.ts';

/** What taking a file in needs to know of the pull. */
export interface Taking extends PullDeps {
  buildId: string;
  /** What is asked for is not the kernel, but its variables. */
  variables: boolean;
  principal: string;
  signal: AbortSignal;
  folder: string;
  show: (progress: Omit<PullProgress, 'since' | 'upstream'>) => void;
}

/** Milliseconds between two looks at how far a split is. */
const LOOK_EVERY = 500;

/**
 * Brings one file here and takes it in as an upload.
 * @param before waited for between these two.
 * @throws DepotError `disk-full`; for a fault here; the signal's reason.
 */
export async function takeFile(
  file: OfferedFile,
  index: number,
  taking: Taking,
  before: () => Promise<unknown>,
): Promise<Miss | undefined> {
  const { signal, folder, space, show, breaks, metrics } = taking;
  let reserved: Reservation | undefined;
  try {
    const found = await tellingFullDisk(() =>
      download(file, {
        path: join(folder, `file-${index}`),
        signal,
        breaks,
        wrote: async (bytes, total) => {
          reserved ??= await space.reserve(total ?? 0);
          await reserved.wrote(bytes);
        },
        onProgress: (done, total = 0) => {
          if (!file.provisional) show({ stage: 'download', done, total });
        },
      }),
    );
    if (isMiss(found)) return found;
    metrics.received(found.size);
    metrics.downloaded(found.received);
    if (await isPacked(found.path)) await reserved?.unpacks(found.size);
    if (!file.provisional) await before();
    return await accept(file, found, taking);
  } finally {
    reserved?.release();
  }
}

async function accept(
  file: OfferedFile,
  { path, size, sha256 }: UploadedFile,
  taking: Taking,
): Promise<Miss | undefined> {
  const { buildId, principal, signal, folder, show, clock, underway, metrics } = taking;
  const split = { buildId: file.buildId, delivery: file.delivery, extras: taking.extras };
  const showSplit = () => {
    const { done = 0, total = 0 } = underway.get(buildId) ?? {};
    if (!file.provisional) show({ stage: 'split', done, total });
  };
  showSplit();
  const timer = setInterval(showSplit, LOOK_EVERY);
  const soon = new Date(clock.now().getTime() + PROVISIONAL_MS).toISOString();
  try {
    const upload = {
      [file.part]: { path, size, sha256 },
      folder,
      split,
      actor: { principal, scopes: [] },
      expects: file.buildId === undefined ? buildId : undefined,
      keptUntil: file.provisional ? soon : undefined,
    };
    const deps = { ...taking, compute: taking.compute.for(principal) };
    await metrics.stage('accept', () => acceptUpload(deps, upload, signal));
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    return refusalOf(error);
  } finally {
    clearInterval(timer);
  }
}

/** What somebody else published meanwhile is as good; what passes is tried again as a whole. */
const OTHERS: ReadonlySet<string> = new Set(['core-conflict', 'not-owner', 'forbidden']);

export function refusalOf(error: unknown): Miss | undefined {
  if (!(error instanceof DepotError)) throw error;
  const { code, message } = error;
  if (OTHERS.has(code)) return undefined;
  if (code === 'not-signed') return { reason: 'bad-signature', detail: message };
  if (code === 'foreign-build-id') return { reason: 'wrong-build-id', detail: message };
  if (PROBLEMS[code].status >= 500) throw error;
  return { reason: 'unfit', detail: `${code}: ${message}` };
}
