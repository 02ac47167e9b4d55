import { isSigned, unsigned } from '@btf-depot/carrier';
import {
  CARRIER_FILES,
  isSignatureName,
  type CarrierFile,
  type KernelRecord,
} from '@btf-depot/contracts';
import { packInput } from '../pack/compress-kernel.ts';
import { whyUnsafe } from '../split/given-carrier.ts';
import { carrierFiles, makeCarriers } from '../pack/make-carriers.ts';
import type { GivenCarriers } from '../pack/pack-kernel.ts';
import { blobsOf } from '../record/blobs-in-records.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { Compute } from '../ports/compute.ts';
import type { RecordStore } from '../ports/record-store.ts';
import { sha256Of } from '../sha256.ts';
import { soundBytes } from '../verified/sound-bytes.ts';

export interface Finding {
  buildId: string;
  code:
    | 'unreadable-record'
    | 'damaged-record'
    | 'missing-blob'
    | 'damaged-blob'
    | 'wrong-size'
    /** A published carrier holds more than BTF: devices must not load it. */
    | 'unsafe-carrier'
    | 'not-reproducible';
  /** What of the kernel: `core`, an extra's or an artifact's name. */
  what: string;
  detail: string;
}

export interface StoreReport {
  kernels: number;
  /** Different ones. */
  blobs: number;
  findings: number;
}

export interface CheckDeps {
  blobs: BlobStore;
  records: RecordStore;
  /** Absent: artifacts are not made again to compare them. */
  compute?: Compute;
  onFinding: (finding: Finding) => void;
}

/**
 * Whether the store has what its records say: every blob is there, of its size and its hash, no
 * carrier, whoever made it and when, holds anything but BTF, and packing the parts of a kernel anew
 * gives the artifacts that it has. Withdrawn kernels have none.
 */
export async function checkStore(deps: CheckDeps, signal: AbortSignal): Promise<StoreReport> {
  const report: StoreReport = { kernels: 0, blobs: 0, findings: 0 };
  const sizes = new Map<string, number | 'missing' | 'damaged'>();
  const check = async (record: KernelRecord, tell: Tell): Promise<boolean> => {
    let sound = true;
    for (const { what, sha256, size } of blobsOf(record)) {
      const found = sizes.get(sha256) ?? (await look(deps.blobs, sha256));
      sizes.set(sha256, found);
      if (found === size) continue;
      sound = false;
      if (found === 'missing') tell('missing-blob', what, `there is no blob ${sha256}`);
      else if (found === 'damaged') tell('damaged-blob', what, `blob ${sha256} has other bytes`);
      else tell('wrong-size', what, `blob ${sha256} has ${found} bytes, not ${size}`);
    }
    return sound;
  };
  for await (const { buildId } of deps.records.list()) {
    signal.throwIfAborted();
    const tell: Tell = (code, what, detail) => {
      report.findings++;
      deps.onFinding({ buildId, code, what, detail });
    };
    report.kernels++;
    const record = await read(deps.records, buildId, tell);
    if (!record || record.state === 'withdrawn') continue;
    if (!(await check(record, tell))) continue;
    await judgeCarriers(deps.blobs, record, tell);
    if (deps.compute && record.state === 'ready') {
      await packAgain({ ...deps, compute: deps.compute }, record, tell, signal);
    }
  }
  report.blobs = sizes.size;
  return report;
}

type Tell = (code: Finding['code'], what: string, detail: string) => void;

async function read(records: RecordStore, buildId: string, tell: Tell) {
  try {
    const stored = await records.get(buildId);
    for (const fault of stored?.damage ?? []) tell('damaged-record', 'record', fault);
    return stored?.record;
  } catch (error) {
    tell('unreadable-record', 'record', error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

async function look(blobs: BlobStore, sha256: string): Promise<number | 'missing' | 'damaged'> {
  const bytes = await soundBytes(blobs, sha256);
  if (!bytes) return 'missing';
  return bytes === 'damaged' ? bytes : bytes.length;
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
  const unsignedOnes = carrierFiles(makeCarriers(input, record.core.sha256));
  for (const [what, bytes] of Object.entries(signed) as [CarrierFile, Uint8Array][]) {
    const [now, then] = [unsignedOnes[what], unsigned(bytes)].map((one) => one && sha256Of(one));
    if (now !== then) tell('not-reproducible', what, 'what is signed is not made of its parts');
  }
  const given = { ...signed, ...input.given };
  const packed = await compute.pack({ ...input, given }, signal);
  const made = new Map<string, string>(packed.map(({ name, sha256 }) => [name, sha256]));
  // Signatures are made with secrets that a check does not have.
  const published = Object.keys(record.artifacts).filter((name) => !isSignatureName(name));
  for (const what of new Set([...made.keys(), ...published])) {
    const [now, then] = [made.get(what), record.artifacts[what]?.sha256];
    if (now === then) continue;
    tell(
      'not-reproducible',
      what,
      `published as ${then ?? 'nothing'}, made as ${now ?? 'nothing'}`,
    );
  }
}

/** Carriers that the depot signed: what is packed again is packed of these. */
async function signedCarriers(blobs: BlobStore, record: KernelRecord): Promise<GivenCarriers> {
  const signed: GivenCarriers = {};
  for (const name of record.carrier?.signed ? CARRIER_FILES : []) {
    const entry = record.carrier?.given?.[name] ? undefined : record.artifacts[name];
    const bytes = entry && (await blobs.get(entry.sha256));
    if (bytes && isSigned(bytes)) signed[name] = bytes;
  }
  return signed;
}
