import {
  encodePublicKey,
  isSignatureName,
  STATIC_RECORD,
  writtenRecord,
  type KernelRecord,
  type KernelSummary,
  type PublicKey,
} from '@btf-depot/contracts';
import { blobsOf, summaryOf } from '@btf-depot/depot';
import { ExportFolder, sha256OfText } from './export-folder.ts';
import type { ExportSource } from './export-source.ts';
import { blobFile, INDEX, kernelFolder, KEYS, recordFile, SUMS } from './layout.ts';
import { Only } from './only.ts';

export interface ExportOptions {
  only?: Only | undefined;
  /** Remove kernels that the source does not have, or that `only` leaves out. */
  prune?: boolean | undefined;
  /** Written beside, as files that verifiers take. */
  keys?: readonly PublicKey[] | undefined;
  /** Told after each kernel. */
  onKernel?: ((kernel: KernelSummary, report: ExportReport) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface ExportReport {
  /** Kernels that were written, and that were there as they are. */
  written: number;
  left: number;
  /** Kernels that were taken away, as they are withdrawn, or by `prune`. */
  removed: number;
  /** Kernels that have no artifacts yet. */
  pending: number;
  blobs: number;
  /** Bytes of blobs that were written. */
  bytes: number;
  /** Kernels that were left out or as they were, as the source has lost a blob of them. */
  lost: { buildId: string; detail: string }[];
}

/** Always there: nothing is verified without. */
const isEssential = (name: string) =>
  name === 'manifest' || name === 'SHA256SUMS' || isSignatureName(name);

/**
 * Writes what a source has as static files, which any web server serves as a depot that can be
 * read. A second run writes what is new. Readers meanwhile are never in the way: blobs come first,
 * then the files of each kernel, its record last, the list of all kernels at the end; and blobs
 * that only the revision before named stay until the next run.
 */
export async function writeExport(
  source: ExportSource,
  path: string,
  { only = new Only(), prune, keys = [], onKernel, signal }: ExportOptions = {},
): Promise<ExportReport> {
  const report: ExportReport = {
    written: 0,
    left: 0,
    removed: 0,
    pending: 0,
    blobs: 0,
    bytes: 0,
    lost: [],
  };
  await using folder = await ExportFolder.open(path);
  const kept = new Set<string>();
  const before = new Set(await folder.buildIds());
  for (const buildId of before) {
    const record = await folder.record(buildId);
    for (const { sha256 } of record ? blobsOf(record) : []) kept.add(sha256);
  }
  const taken = new Set<string>();
  for await (const kernel of source.kernels()) {
    signal?.throwIfAborted();
    const { buildId, state } = kernel;
    if (state !== 'withdrawn' && !only.takes(kernel)) continue;
    const record = await source.record(buildId);
    if (!record) {
      if (before.has(buildId)) await remove(folder, buildId, { report, kept });
      continue;
    }
    taken.add(buildId);
    if (!Object.hasOwn(record.artifacts, 'manifest')) report.pending++;
    else await writeKernel(source, folder, chosen(record, only), only, report);
    onKernel?.(kernel, report);
  }
  if (prune) {
    for (const buildId of before) {
      if (!taken.has(buildId)) await remove(folder, buildId, { report });
    }
  }
  for (const key of keys) await folder.write(`${KEYS}/${key.number}.pub`, encodePublicKey(key));
  await finish(folder, kept);
  return report;
}

/** Another depot may say anything: it names no file elsewhere, and not the record's. */
const isFileName = (name: string) => /^[\w-][\w.-]{0,127}$/.test(name) && name !== STATIC_RECORD;

/** The record with those of its artifacts that are exported. */
function chosen(record: KernelRecord, only: Only): KernelRecord {
  const artifacts = Object.entries(record.artifacts).filter(
    ([name]) => isFileName(name) && (isEssential(name) || only.takesArtifact(name)),
  );
  return { ...record, artifacts: Object.fromEntries(artifacts) };
}

async function writeKernel(
  source: ExportSource,
  folder: ExportFolder,
  record: KernelRecord,
  only: Only,
  report: ExportReport,
): Promise<void> {
  const { buildId, artifacts } = record;
  const text = `${JSON.stringify(writtenRecord(record), null, 1)}\n`;
  const isSame = (await folder.recordText(buildId)) === text;
  let isWhole = true;
  // Parts that are no artifacts are what another depot needs to take the kernel over.
  for (const blob of only.choosesArtifacts ? Object.values(artifacts) : blobsOf(record)) {
    if (await folder.hasBlob(blob)) continue;
    isWhole = false;
    try {
      await folder.write(blobFile(blob.sha256), await source.blob(blob));
    } catch (error) {
      report.lost.push({ buildId, detail: error instanceof Error ? error.message : String(error) });
      return;
    }
    report.blobs++;
    report.bytes += blob.size;
  }
  const at = kernelFolder(buildId);
  const files = await folder.filesOf(buildId);
  const isNamed = Object.keys(artifacts).every((name) => files.includes(name));
  if (isSame && isWhole && isNamed) {
    report.left++;
    return;
  }
  // The manifest last: whoever has read it asks for what it names.
  const names = Object.keys(artifacts).filter((name) => name !== 'manifest');
  for (const name of [...names, 'manifest'])
    await folder.name(artifacts[name].sha256, `${at}/${name}`);
  await folder.write(recordFile(buildId), text);
  for (const name of files) {
    if (name !== STATIC_RECORD && !Object.hasOwn(artifacts, name))
      await folder.remove(`${at}/${name}`);
  }
  report.written++;
}

/** The record first: nothing then names what goes. Of a withdrawn kernel no blob stays for a while. */
async function remove(
  folder: ExportFolder,
  buildId: string,
  { report, kept }: { report: ExportReport; kept?: Set<string> },
): Promise<void> {
  const record = await folder.record(buildId);
  for (const { sha256 } of kept && record ? blobsOf(record) : []) kept?.delete(sha256);
  await folder.remove(recordFile(buildId));
  await folder.remove(kernelFolder(buildId));
  report.removed++;
}

/**
 * Takes away what neither the records name nor the ones before did, and writes the list of all.
 * @param kept blobs that the records before named.
 */
async function finish(folder: ExportFolder, kept: Set<string>): Promise<void> {
  const kernels: KernelSummary[] = [];
  const sums = new Map<string, string>();
  const named = new Set<string>();
  for (const buildId of await folder.buildIds()) {
    const text = await folder.recordText(buildId);
    const record = text === undefined ? undefined : await folder.record(buildId);
    if (text === undefined || !record) {
      await folder.remove(kernelFolder(buildId));
      continue;
    }
    kernels.push(summaryOf(record));
    sums.set(recordFile(buildId), sha256OfText(text));
    for (const { sha256 } of blobsOf(record)) named.add(sha256);
  }
  for (const sha256 of await folder.blobs()) {
    if (named.has(sha256)) sums.set(blobFile(sha256), sha256);
    else if (!kept.has(sha256)) await folder.remove(blobFile(sha256));
  }
  const index = `${JSON.stringify({ kernels }, null, 1)}\n`;
  sums.set(INDEX, sha256OfText(index));
  const lines = [...sums].sort(([a], [b]) => (a < b ? -1 : 1));
  await folder.write(SUMS, lines.map(([path, sha256]) => `${sha256}  ${path}\n`).join(''));
  await folder.write(INDEX, index);
}
