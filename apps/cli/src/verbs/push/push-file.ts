import { setImmediate } from 'node:timers/promises';
import {
  isPassing,
  ProblemError,
  retry,
  totalSize,
  type DepotClient,
  type KernelOutcome,
  type Patience,
  type UploadOutcome,
  type UploadRequest,
} from '@btf-depot/client';
import {
  currentSources,
  type KernelRecord,
  type KernelStatus,
  type SourceEntry,
  type UploadReport,
} from '@btf-depot/contracts';
import { buildsOf, type UnpackedUpload } from '@btf-depot/depot';
import { describeFault, type Fault } from '../../terminal/fault.ts';
import { withUnpacked } from '../../files/local-file.ts';
import type { PushOptions } from './push-options.ts';
import { splitParts, wholeParts, type Parts } from './push-parts.ts';
import { uploadWatched } from './upload-watched.ts';

/** Five pauses, 15.5 s in all: by the last, a restarting depot is back. */
const PATIENCE: Patience = { rounds: 6, pauseMs: 500 };

export interface Pushed {
  file: string;
  /** The kernel's file, if an archive has several. */
  name?: string | undefined;
  /** `present`: the depot had it, and nothing was sent. */
  outcome: UploadOutcome | 'present';
  /** Bytes that were sent. */
  sent: number;
  status: KernelStatus;
  /** Files that were found, used and passed over in the upload, not only for this kernel. */
  report?: UploadReport | undefined;
}

/** A file, or a kernel in it, that was not accepted, and why. */
export interface Refused {
  file: string;
  name?: string | undefined;
  buildId?: string | undefined;
  error: Fault;
}

/** Identifies a file without sending it. @throws DepotError for an unknown one. */
export function lookInto(file: string, name = file): Promise<UnpackedUpload> {
  return withUnpacked(file, (found) => Promise.resolve(found), name);
}

/**
 * Sends the kernels of one file and waits until their artifacts exist. Temporary failures are
 * retried from the start: the depot keeps nothing of an upload that was cut.
 *
 * @param found the result of `lookInto`, if already known.
 * @returns one result for each kernel; at least one was accepted.
 * @throws DepotError or ProblemError if the depot does not accept the file.
 */
export async function pushFile(
  depot: DepotClient,
  file: string,
  options: PushOptions,
  found?: UnpackedUpload,
): Promise<(Pushed | Refused)[]> {
  const unpacked = found ?? (await lookInto(file));
  const { builds } = buildsOf(unpacked);
  if (builds.length < 2) return pushWhole(depot, file, options, unpacked);
  if (!options.splitHere) return pushWhole(depot, file, options, unpacked);
  // Files that are split here are split one kernel at a time.
  return withUnpacked(file, async (again) => {
    const results: (Pushed | Refused)[] = [];
    for (const { kernel, module, map } of buildsOf(again).builds) {
      const { path, name, buildId } = kernel;
      const beside = { module: module?.path ?? options.module, map: map?.path ?? options.map };
      try {
        const pushed = await pushWhole(depot, path, { ...options, ...beside });
        results.push(...pushed.map((one) => ({ ...one, file, name })));
      } catch (error) {
        results.push({ file, name, buildId, error: describeFault(error) });
      }
    }
    return results;
  });
}

async function pushWhole(
  depot: DepotClient,
  file: string,
  options: PushOptions,
  found?: UnpackedUpload,
): Promise<(Pushed | Refused)[]> {
  const client = depot.withoutRetries();
  const unpacked = found ?? (await lookInto(file));
  const { builds } = buildsOf(unpacked);
  const { patience = PATIENCE, onRetry, signal } = options;
  const ids = new Set(
    (builds.length > 0 ? builds : [{ kernel: undefined }]).map(
      ({ kernel: one }) => one?.buildId ?? options.query.buildId ?? unpacked.moduleBuildId,
    ),
  );
  const [buildId] = ids;
  const patiently = <Result>(attempt: () => Promise<Result>) =>
    retry(attempt, patience, { onRetry, signal });
  const sentQuery = (encoded: string | undefined) =>
    encoded === undefined ? options.query : { ...options.query, encoded };
  const whole = wholeParts(file, unpacked, options);
  const askRecord = async () => (buildId === undefined ? undefined : recordOf(buildId));
  /** None for a withdrawn kernel that this upload restores. */
  const recordOf = async (id: string): Promise<KernelRecord | undefined> => {
    try {
      return await client.record(id, signal);
    } catch (error) {
      // Only a new upload replaces a malformed record.
      if (error instanceof ProblemError && error.code === 'damaged-record') return undefined;
      const isWithdrawn = error instanceof ProblemError && error.code === 'withdrawn';
      if (isWithdrawn && (error.comesBack || options.query.restore !== undefined)) return undefined;
      throw error;
    }
  };
  /** The result for each kernel of the file, if the depot has these very parts of all of them. */
  const askPresent = async (parts: Parts): Promise<KernelRecord[] | undefined> => {
    const records: KernelRecord[] = [];
    for (const id of ids) {
      const record = id === undefined ? undefined : await recordOf(id);
      if (!record || !(await hasParts(record, parts, options))) return undefined;
      records.push(record);
    }
    return records;
  };
  const sendOnce: SendOnce = async (parts, encoded) => {
    let answer: Answer | undefined;
    try {
      return await patiently(async () => {
        const records = await askPresent(parts);
        if (records) return present(records);
        answer = await send(client, parts, { ...options, query: sentQuery(encoded) }, buildId);
        const passing = answer.kernels.find((one) => 'error' in one && isPassing(one.error));
        if (passing && 'error' in passing) throw passing.error;
        return answer;
      });
    } catch (error) {
      if (answer?.kernels.some((one) => 'error' in one && one.error === error)) return answer;
      throw error;
    }
  };

  try {
    options.progress?.busy('comparing it with the depot');
    const record = await patiently(askRecord);
    const { kernels, ...answer } = options.splitHere
      ? await sendSplit(file, whole, options, sendOnce, record)
      : await sendOnce(whole);
    options.progress?.busy('the depot packs it');
    const results: (Pushed | Refused)[] = [];
    for (const { name, ...one } of kernels) {
      if ('error' in one) {
        results.push({ file, name, buildId: one.buildId, error: describeFault(one.error) });
        continue;
      }
      const { outcome, status } = one;
      const done = await patiently(() => client.waitUntilDone(status.buildId, signal));
      results.push({ file, name, ...answer, outcome, status: done });
    }
    return results;
  } finally {
    options.progress?.stop();
  }
}

/** @param encoded the rules for a core that was made here. */
type SendOnce = (parts: Parts, encoded?: string) => Promise<Answer>;

interface Answer extends Pick<Pushed, 'sent' | 'report'> {
  kernels: (
    | { name?: string | undefined; outcome: Pushed['outcome']; status: { buildId: string } }
    | (KernelOutcome & { error: ProblemError })
  )[];
}

function present(records: readonly KernelRecord[]): Answer {
  const kernels = records.map(({ buildId }) => {
    return { outcome: 'present' as const, status: { buildId } };
  });
  return { sent: 0, kernels };
}

/** Sends what a split on this machine leaves, unless the depot has the file already. */
async function sendSplit(
  file: string,
  whole: Parts,
  options: PushOptions,
  sendOnce: SendOnce,
  record: KernelRecord | undefined,
): Promise<Answer> {
  if (record && (await hasParts(record, whole, options))) return present([record]);
  return withUnpacked(file, async (found) => {
    const { parts, encoded, without = {} } = await splitParts(found, options);
    // While this thread was splitting, the depot closed the idle connection: let Node notice that
    // first.
    await setImmediate();
    const answer = await sendOnce(parts, encoded);
    const missing = answer.report?.missing?.map((one) => ({ ...one, ...without[one.part] }));
    return { ...answer, report: answer.report && { ...answer.report, missing } };
  });
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
  const { kernels, report } = await uploadWatched(client, request, options, buildId);
  return { kernels, report, sent: totalSize(request) };
}

/**
 * Whether the depot has split these very files, sent by the same principal: files of another are
 * sent again to own the kernel. Hashes are computed only if needed.
 */
async function hasParts(
  record: KernelRecord,
  parts: Parts,
  { tokenId, query }: PushOptions,
): Promise<boolean> {
  if (record.state === 'failed' || record.state === 'withdrawn') return false;
  // Anything sent before may have been replaced since.
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

/** Published files from the principal of a token; if it owns the kernel, sent since then. */
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
