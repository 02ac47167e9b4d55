import {
  CARRIER_FILES,
  claimedArtifacts,
  isSignatureName,
  mediaTypeOf,
  PACKING,
  partOf,
  PUBLISHED_PARTS,
  RECORD_SCHEMA,
  withoutUndefined,
  type ArtifactEntry,
  type CarrierEntry,
  type Job,
  type KernelRecord,
} from '@btf-depot/contracts';
import { isSigned, readCarrier } from '@btf-depot/carrier';
import { DepotError } from '../errors.ts';
import { COMPRESSION_LEVELS, type CompressionLevels } from './compressors.ts';
import {
  type GivenCarriers,
  type PackedArtifact,
  type PackInput,
  type PublishedBytes,
} from './pack-kernel.ts';
import { whyUnsafe } from '../split/given-carrier.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { Clock } from '../ports/clock.ts';
import type { Compute } from '../ports/compute.ts';
import type { Attempt } from '../ports/job-queue.ts';
import type { RecordStore } from '../ports/record-store.ts';
import { countersignatures } from '../signing/countersignatures.ts';
import type { SigningKey } from '../signing/secret-key.ts';
import { signCarriers } from '../signing/sign-carriers.ts';
import { signManifest, type SignatureFile } from '../signing/sign-manifest.ts';
import { showingProgress } from './show-progress.ts';
import { updateRecord } from '../record/update-record.ts';

export interface CompressDeps {
  blobs: BlobStore;
  records: RecordStore;
  compute: Compute;
  clock: Clock;
  /** After this many crashes the kernel counts as their cause, and is not tried again. */
  crashLimit: number;
  /** Compression levels; by default those of the format libraries. */
  levels?: Partial<CompressionLevels>;
  /** Signs carriers of kernels that demand it; absent: they are unsigned. */
  signModule?: (module: Uint8Array) => Promise<Uint8Array>;
  /** Keys that sign the manifest; none: it is unsigned. */
  signingKeys: readonly SigningKey[];
  /** Whether ready kernels are announced: see announceKernel. */
  announces: boolean;
}

/**
 * Makes the artifacts of a revision and publishes them together. Doing it twice, or two at once,
 * has the same result: same input, same bytes, and only a record that still asks for it is changed.
 *
 * @returns `published`; `stale` if the record no longer asks for this revision; `failed` if the
 *   last attempt failed, or too many ended their process: the record then states it.
 * @throws the error of an attempt that is not the last.
 */
export async function compressKernel(
  deps: CompressDeps,
  job: Job,
  attempt: Attempt,
  signal: AbortSignal,
): Promise<'published' | 'stale' | 'failed'> {
  const stored = await deps.records.get(job.buildId);
  if (!stored || !isDue(stored.record, job)) return 'stale';
  if (attempt.crashes >= deps.crashLimit) {
    const message = `the compressor crashed ${attempt.crashes} times with this kernel`;
    await markFailed(deps.records, job, { code: 'poisoned', message });
    return 'failed';
  }
  try {
    const input = await packInput(deps.blobs, stored.record);
    const given = deps.signModule && (await signCarriers(input, deps.signModule));
    const asked = {
      ...input,
      given: given ?? input.given,
      levels: deps.levels ?? input.levels,
    };
    const isStillDue = (record: KernelRecord) => isDue(record, job);
    const unsigned = await showingProgress(deps.records, job.buildId, isStillDue, (progress) =>
      deps.compute.pack(asked, signal, progress),
    );
    const packed = await signed(deps, stored.record, unsigned);
    // Overwrites existing blobs, which may be damaged.
    for (const { sha256, bytes } of packed) await deps.blobs.replace(sha256, bytes);
    if (!(await publish(deps, job, packed, notLoadable(input, packed)))) return 'stale';
    // Blobs that existed before the record named them may have been collected since: see
    // collectGarbage.
    for (const { sha256, bytes } of packed) await deps.blobs.put(sha256, bytes);
    return 'published';
  } catch (error) {
    if (!attempt.last || signal.aborted) throw error;
    await markFailed(deps.records, job, {
      code: error instanceof DepotError ? error.code : 'internal',
      message: error instanceof Error ? error.message : String(error),
    });
    return 'failed';
  }
}

/** Processes that know a newer schema handle its records: their sweeper finds them too. */
function isDue(record: KernelRecord, job: Job): boolean {
  if (record.schema > RECORD_SCHEMA) return false;
  return record.state === 'compressing' && record.revision === job.revision;
}

/** The record of a kernel that no longer waits for compressing. */
function ended(record: KernelRecord, changes: Partial<KernelRecord>): KernelRecord {
  const next: KernelRecord = { ...record, ...changes };
  delete next.progress;
  return next;
}

/**
 * Parts that packing reads from the store.
 * @throws DepotError `unknown-blob` if a part is lost, `damaged-blob`.
 */
export async function packInput(blobs: BlobStore, record: KernelRecord): Promise<PackInput> {
  const { buildId, revision, delivery, arch, bits, endian, carrier, levels } = record;
  const claimed = claimedArtifacts(record);
  const [core, given, ...published] = await Promise.all([
    blobOf(blobs, record.core.sha256),
    givenBy(blobs, carrier),
    ...PUBLISHED_PARTS.map(async (name) => {
      const part = partOf(record, name);
      return [name, part && (await blobOf(blobs, part.sha256))] as const;
    }),
  ]);
  return {
    ...(Object.fromEntries(published) as PublishedBytes),
    buildId,
    revision,
    delivery,
    endian,
    arch,
    bits,
    core,
    load: carrier?.load,
    links: carrier?.links,
    given,
    levels,
    claimed: claimed.length > 0 ? claimed : undefined,
  };
}

/** A process of an earlier version may have accepted one that must no longer be published. */
async function givenBy(
  blobs: BlobStore,
  carrier: KernelRecord['carrier'],
): Promise<GivenCarriers | undefined> {
  if (!carrier?.given) return undefined;
  const entries = Object.entries(carrier.given).map(
    async ([name, { sha256 }]) => [name, await blobOf(blobs, sha256)] as const,
  );
  const given = await Promise.all(entries);
  return Object.fromEntries(given.filter(([, bytes]) => whyUnsafe(bytes, carrier) === undefined));
}

async function blobOf(blobs: BlobStore, sha256: string): Promise<Uint8Array> {
  const bytes = await blobs.get(sha256);
  if (bytes) return bytes;
  await blobs.damage.add(sha256).catch(() => undefined);
  throw new DepotError('unknown-blob', `the store has lost blob ${sha256}`);
}

/** With the signatures of the manifest: own ones, and others' of the same manifest. */
async function signed(
  { blobs, signingKeys }: CompressDeps,
  record: KernelRecord,
  packed: readonly PackedArtifact[],
): Promise<(PackedArtifact | SignatureFile)[]> {
  const made = packed.find(({ name }) => name === 'manifest');
  if (!made) return [...packed];
  const own = signManifest(made.bytes, signingKeys);
  const kept = Object.entries(countersignatures(record, made.sha256)).map(
    async ([name, { sha256 }]) => ({ name, sha256, bytes: await blobs.get(sha256) }),
  );
  const others = (await Promise.all(kept)).flatMap(({ name, sha256, bytes }) => {
    const isFree = isSignatureName(name) && !own.some((one) => one.name === name);
    return isFree && bytes ? [{ name, sha256, bytes }] : [];
  });
  return [...packed, ...own, ...others];
}

/** The record's entry for carriers that should load, but had to become containers. */
function notLoadable(
  { load, given = {} }: PackInput,
  packed: readonly (PackedArtifact | SignatureFile)[],
): Partial<CarrierEntry> {
  const isOurs = ({ name }: { name: string }) =>
    CARRIER_FILES.some((file) => file === name) && !Object.hasOwn(given, name);
  const isRefused = packed.some((one) => isOurs(one) && !readCarrier(one.bytes).loadable);
  return load && isRefused ? { loadable: false, why: 'load-refused' } : {};
}

async function publish(
  deps: CompressDeps,
  job: Job,
  packed: readonly (PackedArtifact | SignatureFile)[],
  changes: Partial<CarrierEntry>,
): Promise<boolean> {
  const entryOf = (one: PackedArtifact | SignatureFile) =>
    withoutUndefined<ArtifactEntry>({
      sha256: one.sha256,
      size: one.bytes.length,
      mediaType: mediaTypeOf(one.name),
      ms: 'ms' in one ? one.ms : undefined,
    });
  const artifacts = Object.fromEntries(packed.map((one) => [one.name, entryOf(one)]));
  const isOneSigned = packed.some(({ name, bytes }) => name.endsWith('.ko') && isSigned(bytes));
  const levels = { ...COMPRESSION_LEVELS, ...deps.levels };
  const readyAt = deps.clock.now().toISOString();
  const manifest = packed.find(({ name }) => name === 'manifest')?.sha256;
  const { written } = await updateRecord(deps.records, job.buildId, (current) => {
    if (!current || !isDue(current, job)) return undefined;
    const next = ended(
      current,
      withoutUndefined<Partial<KernelRecord>>({
        state: 'ready',
        artifacts,
        packing: PACKING,
        levels,
        carrier: current.carrier && { ...current.carrier, signed: isOneSigned, ...changes },
        readyAt,
        unannounced: deps.announces ? true : undefined,
      }),
    );
    // Others signed what they packed, which may differ from this.
    if (next.countersigned?.manifest !== manifest) delete next.countersigned;
    return next;
  });
  return written;
}

async function markFailed(
  records: RecordStore,
  job: Job,
  failure: NonNullable<KernelRecord['failure']>,
): Promise<void> {
  await updateRecord(records, job.buildId, (current) =>
    current && isDue(current, job) ? ended(current, { state: 'failed', failure }) : undefined,
  );
}
