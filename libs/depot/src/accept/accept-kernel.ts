import {
  amountOf,
  currentSources,
  EXTRAS,
  partOf,
  partSpec,
  type Delivery,
  type KernelRecord,
  type MissingPart,
  type PassedOverInUpload,
} from '@btf-depot/contracts';
import { releaseInName } from '@btf-depot/unpack';
import { DepotError, vanished } from '../errors.ts';
import { hasSource, mergeRecord, touchRecord, type UploadFacts } from './merge-record.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { Clock } from '../ports/clock.ts';
import type { Compute, UploadPaths } from '../ports/compute.ts';
import type { JobQueue } from '../ports/job-queue.ts';
import { UnreadableRecord, type RecordStore, type StoredRecord } from '../ports/record-store.ts';
import type { Progress } from '../progress.ts';
import type { OpenedKernel, OpenedUpload } from './open-upload.ts';
import { ring } from './ring.ts';
import { splitAll } from './split-all.ts';
import { bytesOf } from '../extras/index.ts';
import type { KernelParts } from '../split/split-kernel.ts';
import { couldHaveKsyms, storedParts } from './stored-parts.ts';
import type { Underway } from './underway.ts';
import { hashesIn } from '../record/blobs-in-records.ts';
import { updateRecord } from '../record/update-record.ts';
import type { Upload } from './upload.ts';
import { standingOf, type Actor } from '../ownership/ownership.ts';
import { soundBytes } from '../verified/sound-bytes.ts';
import { refuseWithdrawn } from '../record/refuse-withdrawn.ts';

export interface AcceptDeps {
  blobs: BlobStore;
  records: RecordStore;
  queue: JobQueue;
  compute: Compute;
  clock: Clock;
  /** Shows the progress of splits. */
  underway: Underway;
  /** Called when the queue did not take the job; the sweeper adds it later. */
  onQueueError: (error: unknown) => void;
}

/** The files of one kernel in an upload. */
export interface KernelUpload {
  upload: Upload;
  opened: OpenedKernel;
  /** The files of the whole upload. */
  sources: OpenedUpload['sources'];
}

type SaidOfUpload = Omit<UploadFacts, 'evidence' | 'bringsCore'>;

/** An accepted kernel. */
export interface AcceptedKernel {
  /** Whether this upload changed anything. */
  outcome: 'created' | 'known';
  record: KernelRecord;
  /** The former owner, if the kernel has another one now. */
  formerOwner?: string | undefined;
  /** Files that were left out because they did not fit. */
  passedOver: PassedOverInUpload[];
  /** Requested parts that the kernel lacks. */
  missing: MissingPart[];
}

/**
 * Accepts a kernel: splits it and makes it durable, parts first, then the record, then the job.
 * When this resolves, nothing in its result can be lost.
 *
 * @throws DepotError if the upload is at fault; nothing of the kernel is stored then.
 */
export async function acceptKernel(
  deps: AcceptDeps,
  { upload, opened, sources }: KernelUpload,
  signal: AbortSignal,
): Promise<AcceptedKernel> {
  const { blobs, records, compute } = deps;
  if (upload.expects !== undefined && opened.kernel?.buildId !== upload.expects) {
    const { buildId: own } = opened.kernel ?? {};
    const said = own === undefined ? 'no build ID' : `build ID ${own}`;
    throw new DepotError('foreign-build-id', `the kernel has ${said}, not ${upload.expects}`);
  }
  const buildId = opened.kernel?.buildId ?? upload.split.buildId ?? opened.carrierBuildId;
  const named = upload.split.buildId ?? buildId;
  if (buildId !== undefined && named !== buildId) {
    throw new DepotError('bad-query', `buildId: the kernel has build ID ${buildId}, not ${named}`);
  }
  const stored = buildId === undefined ? undefined : await unlessDamaged(records, buildId, upload);
  const saysBuildId = opened.kernel?.buildId !== undefined;
  const { name = '', distribution } = opened.kernel ?? {};
  const said: SaidOfUpload = {
    ...upload,
    sources,
    at: deps.clock.now(),
    package: { distribution, release: releaseInName(name) },
  };
  if (stored && !upload.replace && !(await isNoted(blobs, stored.record))) {
    const evidence = saysBuildId ? 'kernel' : 'claim';
    const record = await touch(records, stored.record, { ...said, evidence, bringsCore: false });
    if (record) {
      await ring(deps, record);
      return { outcome: 'known', record, passedOver: [], missing: missingOf(record, upload) };
    }
  }

  // An expired kernel may have nothing left.
  const living = stored?.record.withdrawal?.expired ? undefined : stored?.record;
  const { paths, delivery } = await withStored(deps, opened, buildId, living, upload);
  const options = {
    ...upload.split,
    delivery: upload.split.delivery ?? delivery,
    buildId: upload.split.buildId ?? buildId,
  };
  const split = (progress?: Progress) =>
    splitAll(compute, { paths, options, opened }, signal, progress);
  const { parts, debug, passedOver } = await (buildId === undefined
    ? split()
    : deps.underway.during(buildId, split));
  // Judged before anything is written, so that a refused upload leaves nothing behind. The
  // judgement within the compare-and-swap decides.
  const bringsCore = paths.stored?.core === undefined;
  const evidence = saysBuildId && bringsCore ? 'kernel' : 'claim';
  const facts: UploadFacts = { ...said, evidence, bringsCore };
  mergeRecord((await unlessDamaged(records, parts.buildId, upload))?.record, parts, facts);

  const first = await keep(deps, debug ? [parts, debug] : [parts], facts);
  let { record, written } = first;
  if (couldHaveKsyms(record)) {
    // Variables and symbols came at the same time, in two uploads that did not see each other.
    const all = { stored: await storedParts(blobs, record, { core: true }) };
    const more = await compute.split(all, { ...options, delivery: record.delivery }, signal);
    ({ record } = await keep(deps, [more], facts));
    written = true;
  }
  await ring(deps, record);
  const former = first.before?.owner?.principal;
  const isOther = former !== undefined && former !== record.owner?.principal;
  return {
    outcome: written ? 'created' : 'known',
    record,
    formerOwner: isOther ? former : undefined,
    passedOver,
    missing: missingOf(record, upload, (debug ?? parts).withoutVars),
  };
}

/**
 * Requested extras that are missing or empty.
 * @param withoutVars why the upload has no variables.
 */
function missingOf(
  record: KernelRecord,
  { split }: Upload,
  withoutVars?: KernelParts['withoutVars'],
): MissingPart[] {
  const { buildId } = record;
  return split.extras.flatMap((part) => {
    const found = partOf(record, part);
    if (found && amountOf(part, found).amount > 0) return [];
    const { code = 'unknown-artifact', what = EXTRAS[part].label } = partSpec(part).miss ?? {};
    const why = part === 'vars' ? withoutVars : undefined;
    const reason = `no file of this kernel contains ${what}`;
    return [{ buildId, part, code: why?.code ?? code, reason: why?.reason ?? reason }];
  });
}

/** Whether a blob of it is noted as damaged: then the same file is split again, and heals it. */
async function isNoted({ damage }: BlobStore, record: KernelRecord): Promise<boolean> {
  const named = new Set(hashesIn(record));
  for await (const sha256 of damage.list()) if (named.has(sha256)) return true;
  return false;
}

/**
 * An unreadable record counts as none: the upload replaces it.
 * @throws DepotError `withdrawn` if it was of a withdrawn kernel, which the upload does not restore.
 */
async function unlessDamaged(
  records: RecordStore,
  buildId: string,
  { restore }: Pick<Upload, 'restore'>,
): Promise<StoredRecord | undefined> {
  try {
    return await records.get(buildId);
  } catch (error) {
    if (!(error instanceof UnreadableRecord) || error.code !== 'damaged-record') throw error;
    if (!error.isWithdrawn || restore) return undefined;
    throw new DepotError('withdrawn', `${buildId} was withdrawn, and its record is damaged`);
  }
}

/** Stores the parts of one kernel, and names them in the record. */
async function keep(
  { blobs, records }: AcceptDeps,
  [first, ...more]: readonly [KernelParts, ...KernelParts[]],
  facts: UploadFacts,
): Promise<{ before: KernelRecord | undefined; record: KernelRecord; written: boolean }> {
  const { buildId } = first;
  const all = [first, ...more].flatMap(bytesOf);
  // Overwrites existing blobs: they may be damaged, and this file heals them.
  await Promise.all(all.map(({ sha256, bytes }) => blobs.replace(sha256, bytes)));
  let before: KernelRecord | undefined;
  const { record, written } = await updateRecord(records, buildId, (current) => {
    before = current;
    let next = mergeRecord(current, first, facts);
    for (const parts of more) {
      next = mergeRecord(next ?? current, parts, { ...facts, bringsCore: false }) ?? next;
    }
    // One upload is one revision, whatever its number of files.
    const revision = (current?.revision ?? 0) + 1;
    return next && next.revision > revision ? { ...next, revision } : next;
  });
  if (!record) throw vanished(buildId);
  // Blobs that existed before their record named them may have been collected since: see
  // collectGarbage.
  await Promise.all(all.map(({ sha256, bytes }) => blobs.put(sha256, bytes)));
  return { before, record, written };
}

/**
 * What to split: this upload with the stored parts that it lacks. Bare BTF cannot be the core of a
 * kernel with built-in BTF; it is that kernel's full BTF.
 */
async function withStored(
  { blobs }: AcceptDeps,
  { kernel, full, module, map, mapCameAlong, carrier, sha256 }: OpenedKernel,
  buildId: string | undefined,
  record: KernelRecord | undefined,
  { actor, replace }: Upload,
): Promise<{ paths: UploadPaths; delivery?: Delivery | undefined }> {
  const isFull = record !== undefined && isFullOf(record, kernel, sha256);
  const given = {
    kernel: isFull ? undefined : kernel?.path,
    full: isFull ? kernel?.path : full,
    module,
    map,
    mapCameAlong: map === undefined ? undefined : mapCameAlong,
    carrier,
  };
  const hasCore = kernel?.hasBtf === true && !isFull;
  if (hasCore && (!record || record.state === 'withdrawn')) return { paths: given };
  if (!record) {
    // A kernel without BTF may come with its full BTF.
    if (kernel) return { paths: given };
    throw new DepotError(
      buildId === undefined ? 'no-build-id' : 'no-core',
      buildId === undefined
        ? 'this file does not contain its build ID; name it with ?buildId= or --build-id, or send the kernel too'
        : `the depot does not know ${buildId}; send its kernel (vmlinux, vmlinuz or package) first or with this`,
    );
  }
  if (record.state === 'withdrawn') refuseWithdrawn(record);
  const bringsBtf = full !== undefined || kernel?.kind === 'btf';
  if (record.core.encoded && bringsBtf && standingOf(record).before.principal === actor.principal) {
    // What the build's own pahole made takes the place of what was made here.
    const [file, beside] = kernel ? [kernel.path, full] : [full, undefined];
    const stored = { load: record.carrier?.load, links: record.carrier?.links };
    return { paths: { ...given, kernel: file, full: beside, stored } };
  }
  const stored = await storedParts(blobs, record, { core: !hasCore, replaces: replace });
  if (hasCore) stored.formerCore = await formerCore(blobs, record, actor);
  return { paths: { ...given, stored }, delivery: hasCore ? undefined : record.delivery };
}

/**
 * For a kernel that brings its core: what was told of it before, from a full BTF or debug
 * information, stands on a core that was made of these, and is attached anew if it came from the
 * same principal; a claim of another's would lose its mark.
 */
async function formerCore(
  blobs: BlobStore,
  record: KernelRecord,
  { principal }: Actor,
): Promise<Uint8Array | undefined> {
  const { delivery, core, parts } = record;
  const { before } = standingOf(record);
  const isOwn = [core, parts.vars].every((part) => (part?.by ?? before.principal) === principal);
  if (delivery === 'builtin' || !parts.vars || !isOwn) return undefined;
  const bytes = await soundBytes(blobs, core.sha256);
  return bytes === 'damaged' ? undefined : bytes;
}

/** BTF with variables, of a kernel that has core already, is no other core. */
function isFullOf(
  { delivery, core, parts }: KernelRecord,
  kernel: OpenedKernel['kernel'],
  sha256: string | undefined,
): boolean {
  if (kernel?.kind !== 'btf' || sha256 === core.sha256) return false;
  return delivery === 'builtin' || (kernel.hasVariables === true && !parts.vars);
}

/**
 * The record, if the same principal has sent exactly these files before and nothing is to be split
 * again; with a later expiry if the upload asks for it.
 */
async function touch(
  records: RecordStore,
  { buildId }: KernelRecord,
  facts: UploadFacts,
): Promise<KernelRecord | undefined> {
  let isToBeSplit = false;
  const { record } = await updateRecord(records, buildId, (current) => {
    const next = current && isKnown(current, facts) ? touchRecord(current, facts) : 'again';
    isToBeSplit = next === 'again';
    return next === 'again' ? undefined : next;
  });
  return isToBeSplit ? undefined : record;
}

/** Whether this encoder has split exactly these files already, and the result needs no repair. */
function isKnown(record: KernelRecord, { sources, actor }: UploadFacts): boolean {
  const { state, owner } = record;
  const { principal } = actor;
  const isOwner = owner?.principal === principal;
  const current = currentSources(record);
  return (
    (state === 'ready' || state === 'compressing') &&
    sources.every((source) => hasSource(current, source, principal, isOwner))
  );
}
