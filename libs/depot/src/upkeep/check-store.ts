import { isSigned, unsigned } from '@btf-depot/carrier';
import {
  CARRIER_FILES,
  isSignatureName,
  type CarrierFile,
  type KernelRecord,
} from '@btf-depot/contracts';
import { packInput } from '../pack/compress-kernel.ts';
import { whyUnsafe } from '../split/given-carrier.ts';
import { makeCarriers } from '../pack/make-carriers.ts';
import type { GivenCarriers } from '../pack/pack-kernel.ts';
import { blobsOf } from '../record/blobs-in-records.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { Compute } from '../ports/compute.ts';
import type { RecordStore } from '../ports/record-store.ts';
import { sha256Of } from '../sha256.ts';
import { soundBytes } from '../verified/sound-bytes.ts';
import { isAway, patientReader } from './patient-reader.ts';

export interface Finding {
  buildId: string;
  code:
    | 'unreadable-record'
    | 'damaged-record'
    | 'missing-blob'
    | 'damaged-blob'
    /** The store answers, but repeatedly fails to give this blob. */
    | 'unreadable-blob'
    | 'wrong-size'
    /** A published carrier has more than BTF: devices must not load it. */
    | 'unsafe-carrier'
    | 'not-reproducible';
  /** The part: `core`, the name of an extra or of an artifact. */
  what: string;
  detail: string;
}

export interface StoreReport {
  kernels: number;
  /** All kernels of the store, unchecked ones included. */
  of: number;
  /** Different ones. */
  blobs: number;
  /** Of these blobs. */
  bytes: number;
  findings: number;
  /** The last checked kernel, if there are more: continue after it. */
  next?: string | undefined;
}

export interface CheckDeps {
  blobs: BlobStore;
  records: RecordStore;
  /** Absent: artifacts are not made again for comparison. */
  compute?: Compute | undefined;
  onFinding: (finding: Finding) => void;
  /** Told after each kernel. */
  onProgress?: ((report: StoreReport, buildId: string) => void) | undefined;
}

interface CheckRange {
  /** Only kernels after this build ID. */
  after?: string | undefined;
  /** At most this many kernels. */
  limit?: number | undefined;
}

/**
 * Whether the store agrees with its records: every blob exists with its size and hash, no carrier
 * has anything but BTF, and packing the parts again gives the same artifacts. Withdrawn kernels are
 * skipped. Checks kernels in the order of their build IDs, and notes damaged and lost blobs for the
 * sweeper.
 *
 * @throws DepotError `store-unavailable` if the store is away: that is no finding.
 */
export async function checkStore(
  deps: CheckDeps,
  signal: AbortSignal,
  { after = '', limit = Infinity }: CheckRange = {},
): Promise<StoreReport> {
  const buildIds: string[] = [];
  for await (const { buildId } of deps.records.list()) buildIds.push(buildId);
  const due = buildIds.filter((buildId) => buildId > after).sort();
  const report: StoreReport = {
    kernels: 0,
    of: buildIds.length,
    blobs: 0,
    bytes: 0,
    findings: 0,
  };
  const reader = patientReader(deps);
  const seen = new Map<string, Found>();
  for (const buildId of due.slice(0, limit)) {
    signal.throwIfAborted();
    const tell: Tell = (code, what, detail) => {
      report.findings++;
      deps.onFinding({ buildId, code, what, detail });
    };
    await checkKernel({ ...deps, ...reader }, buildId, { seen, report, tell, signal });
    report.kernels++;
    deps.onProgress?.(report, buildId);
  }
  return due.length > limit ? { ...report, next: due[limit - 1] } : report;
}

type Tell = (code: Finding['code'], what: string, detail: string) => void;

/** The size of a sound blob, or its fault. */
type Found = number | 'missing' | 'damaged' | 'unreadable';

interface Checking {
  /** Checked blobs: kernels share them. */
  seen: Map<string, Found>;
  report: StoreReport;
  tell: Tell;
  signal: AbortSignal;
}

async function checkKernel(
  deps: CheckDeps,
  buildId: string,
  { seen, report, tell, signal }: Checking,
): Promise<void> {
  const { blobs, records, compute } = deps;
  const record = await read(records, buildId, tell);
  if (!record || record.state === 'withdrawn') return;
  let sound = true;
  for (const { what, sha256, size } of blobsOf(record)) {
    const known = seen.get(sha256);
    const found = known ?? (await look(blobs, sha256));
    if (known === undefined) {
      seen.set(sha256, found);
      report.blobs++;
      report.bytes += typeof found === 'number' ? found : 0;
    }
    if (found === size) continue;
    sound = false;
    if (found === 'missing') tell('missing-blob', what, `the store has no blob ${sha256}`);
    else if (found === 'damaged')
      tell('damaged-blob', what, `the bytes of blob ${sha256} are damaged`);
    else if (found === 'unreadable') {
      tell(
        'unreadable-blob',
        what,
        `the store answers, and cannot read blob ${sha256}; --repair takes it as lost`,
      );
    } else tell('wrong-size', what, `blob ${sha256} has ${found} bytes, not ${size}`);
  }
  if (!sound) return;
  await judgeCarriers(blobs, record, tell);
  if (compute && record.state === 'ready') {
    await packAgain({ blobs, compute }, record, tell, signal);
  }
}

async function read(records: RecordStore, buildId: string, tell: Tell) {
  try {
    const stored = await records.get(buildId);
    for (const fault of stored?.damage ?? []) tell('damaged-record', 'record', fault);
    return stored?.record;
  } catch (error) {
    if (isAway(error)) throw error;
    tell('unreadable-record', 'record', error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

async function look(blobs: BlobStore, sha256: string): Promise<Found> {
  try {
    const bytes = await soundBytes(blobs, sha256);
    if (bytes === 'damaged') return 'damaged';
    if (bytes) return bytes.length;
    await blobs.damage.add(sha256).catch(() => undefined);
    return 'missing';
  } catch (error) {
    if (isAway(error)) throw error;
    await blobs.damage.add(sha256).catch(() => undefined);
    return 'unreadable';
  }
}

async function judgeCarriers(blobs: BlobStore, record: KernelRecord, tell: Tell): Promise<void> {
  for (const name of CARRIER_FILES) {
    const published = record.artifacts[name] ?? record.carrier?.given?.[name];
    const bytes = published && (await blobs.get(published.sha256));
    const why = bytes && whyUnsafe(bytes, record.carrier);
    if (why !== undefined) tell('unsafe-carrier', name, why);
  }
}

async function packAgain(
  { blobs, compute }: { blobs: BlobStore; compute: Compute },
  record: KernelRecord,
  tell: Tell,
  signal: AbortSignal,
): Promise<void> {
  const input = await packInput(blobs, record);
  const signed = await signedCarriers(blobs, record);
  const unsignedOnes = makeCarriers(input, record.core.sha256);
  for (const [what, bytes] of Object.entries(signed) as [CarrierFile, Uint8Array][]) {
    const [now, then] = [unsignedOnes[what], unsigned(bytes)].map((one) => one && sha256Of(one));
    if (now !== then)
      tell('not-reproducible', what, 'the signed artifact does not follow from its parts');
  }
  const given = { ...signed, ...input.given };
  const packed = await compute.pack({ ...input, given }, signal);
  const made = new Map<string, string>(packed.map(({ name, sha256 }) => [name, sha256]));
  // A check does not have the secrets that signatures need.
  const published = Object.keys(record.artifacts).filter((name) => !isSignatureName(name));
  for (const what of new Set([...made.keys(), ...published])) {
    const [now, then] = [made.get(what), record.artifacts[what]?.sha256];
    if (now === then) continue;
    tell(
      'not-reproducible',
      what,
      `it is published as ${then ?? 'nothing'}, and its parts give ${now ?? 'nothing'}`,
    );
  }
}

/** Carriers that the depot signed: packing starts from these. */
async function signedCarriers(blobs: BlobStore, record: KernelRecord): Promise<GivenCarriers> {
  const signed: GivenCarriers = {};
  for (const name of record.carrier?.signed ? CARRIER_FILES : []) {
    const entry = record.carrier?.given?.[name] ? undefined : record.artifacts[name];
    const bytes = entry && (await blobs.get(entry.sha256));
    if (bytes && isSigned(bytes)) signed[name] = bytes;
  }
  return signed;
}
