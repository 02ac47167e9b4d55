import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import {
  retry,
  totalSize,
  type DepotClient,
  type Patience,
  type UploadRequest,
} from '@btf-depot/client';
import {
  currentSources,
  type KernelRecord,
  type KernelStatus,
  type SourceEntry,
} from '@btf-depot/contracts';
import type { UnpackedUpload } from '@btf-depot/depot';
import { withUnpacked } from './local-file.ts';
import { encodeBtf } from './local-pahole.ts';
import type { PushOptions } from './push-options.ts';
import { filePart, splitParts, wholeParts, type Parts } from './push-parts.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { uploadWatched } from './upload-watched.ts';

/** Five pauses, 15.5 s in all: a depot that is being restarted is back by the last. */
const PATIENCE: Patience = { rounds: 6, pauseMs: 500 };

export interface Pushed {
  file: string;
  /** `present`: the depot had it, and nothing was sent. */
  outcome: 'created' | 'known' | 'present';
  /** What made the kernel's BTF on this machine. */
  encodedBy?: string;
  /** Bytes that were sent. */
  sent: number;
  status: KernelStatus;
}

/** What a file is, without sending it. @throws DepotError where it is nothing that we know. */
export function lookInto(file: string, name = file): Promise<UnpackedUpload> {
  return withUnpacked(file, (found) => Promise.resolve(found), name);
}

/**
 * Sends one kernel and waits until its artifacts are there. What fails for reasons that pass is
 * tried again, from the start: the depot keeps nothing of an upload that was cut.
 *
 * @param found what `lookInto` says, where it was asked already.
 * @throws DepotError or ProblemError where the file is not one that the depot takes.
 */
export async function pushFile(
  depot: DepotClient,
  file: string,
  options: PushOptions,
  found?: UnpackedUpload,
): Promise<Pushed> {
  const client = depot.withoutRetries();
  const unpacked = found ?? (await lookInto(file));
  const { kernel } = unpacked;
  const buildId = kernel?.buildId ?? options.query.buildId ?? unpacked.moduleBuildId;
  const { full, patience = PATIENCE, onRetry, signal } = options;
  const patiently = <Result>(attempt: () => Promise<Result>) =>
    retry(attempt, patience, { onRetry, signal });
  const whole = wholeParts(file, unpacked, options);
  const askRecord = async () =>
    buildId === undefined ? undefined : client.record(buildId, signal);
  const sendOnce = (parts: Parts) =>
    patiently(async () => {
      const record = await askRecord();
      if (record && (await hasParts(record, parts, options))) return present(record);
      return send(client, parts, options, buildId);
    });

  try {
    options.progress?.busy('comparing it with what the depot has');
    const record = await patiently(askRecord);
    const lacksBtf = kernel?.kind === 'elf' && !kernel.hasBtf && full === undefined && !record;
    const { status, ...answer } =
      lacksBtf || options.splitHere
        ? await withMadeParts(file, whole, { ...options, lacksBtf }, sendOnce, record)
        : await sendOnce(whole);
    options.progress?.busy('the depot packs it');
    const done = await patiently(() => client.waitUntilDone(status.buildId, signal));
    return { file, ...answer, status: done };
  } finally {
    options.progress?.stop();
  }
}

type Answer = Pick<Pushed, 'outcome' | 'encodedBy' | 'sent'> & { status: { buildId: string } };

function present({ buildId }: KernelRecord): Answer {
  return { outcome: 'present', sent: 0, status: { buildId } };
}

/** Sends parts that are made on this machine first, unless the depot has the file as it is. */
async function withMadeParts(
  file: string,
  whole: Parts,
  options: PushOptions & { lacksBtf: boolean },
  sendOnce: (parts: Parts) => Promise<Answer>,
  record: KernelRecord | undefined,
): Promise<Answer> {
  if (record && (await hasParts(record, whole, options))) return present(record);
  return withUnpacked(file, (found) =>
    withBtf(options.lacksBtf ? found.kernel?.path : undefined, options, async (encoded) => {
      const parts = options.splitHere
        ? await splitParts(found, { ...options, ...(encoded && { full: encoded.path }) })
        : { ...whole, ...(encoded && { full: filePart(encoded.path) }) };
      // While this thread split, the depot closed the idle connection: that is to be seen first.
      await setImmediate();
      const answer = await sendOnce(parts);
      return { ...answer, ...(encoded && { encodedBy: encoded.by }) };
    }),
  );
}

/** @param vmlinux without BTF; undefined: none is to be made. */
async function withBtf<Result>(
  vmlinux: string | undefined,
  { onEncode, progress }: PushOptions,
  use: (encoded?: { path: string; by: string }) => Promise<Result>,
): Promise<Result> {
  if (vmlinux === undefined) return use();
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'full.btf');
  progress?.busy('making its BTF with pahole');
  const by = `pahole ${await encodeBtf(vmlinux, path)}`;
  onEncode?.(by);
  return await use({ path, by });
}

async function send(
  client: DepotClient,
  parts: Parts,
  options: PushOptions,
  buildId: string | undefined,
): Promise<Answer> {
  const blobs = Object.entries(parts).map(async ([name, part]) => [name, await part.blob()]);
  const request: UploadRequest = {
    ...(Object.fromEntries(await Promise.all(blobs)) as Record<string, Blob>),
    query: options.query,
  };
  const answer = await uploadWatched(client, request, options, buildId);
  return { ...answer, sent: totalSize(request) };
}

/**
 * Whether the depot has split these very files, and has them of the principal that sends them: of
 * another they may be sent to own the kernel. The hashes are only worked out if it might.
 */
async function hasParts(
  record: KernelRecord,
  parts: Parts,
  { tokenId, query }: PushOptions,
): Promise<boolean> {
  if (record.state === 'failed' || record.state === 'withdrawn') return false;
  // Whatever was sent once may have been replaced since.
  if (query.replace !== undefined) return false;
  const sent = sourcesOf(record, tokenId);
  for (const [name, part] of Object.entries(parts)) {
    const sources = sent.filter((source) => source.part === name);
    if (sources.length === 0) return false;
    const sha256 = await part.sha256();
    if (!sources.some((source) => source.sha256 === sha256)) return false;
  }
  return true;
}

/**
 * What the principal of a token has sent of what is published now; where it owns the kernel, since
 * then.
 */
function sourcesOf(record: KernelRecord, tokenId: string | undefined): readonly SourceEntry[] {
  const current = currentSources(record);
  if (tokenId === undefined) return current;
  const mine = record.sources.find(({ uploader }) => uploader === tokenId);
  if (!mine) return [];
  const { by = tokenId } = mine;
  const isOwner = record.owner?.principal === by;
  return current.filter(
    (source) => (source.by ?? source.uploader) === by && !(isOwner && source.claimed),
  );
}
