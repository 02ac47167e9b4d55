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
  /** Remove kernels that the source lacks, or that `only` leaves out. */
  prune?: boolean | undefined;
  /** Written as files too, in verifiers' formats. */
  keys?: readonly PublicKey[] | undefined;
  /** Called after each kernel. */
  onKernel?: ((kernel: KernelSummary, report: ExportReport) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface ExportReport {
  /** Kernels that were written, and that were there unchanged. */
  written: number;
  left: number;
  /** Kernels that were removed, because they are withdrawn, or by `prune`. */
  removed: number;
  /** Kernels that have no artifacts yet. */
  pending: number;
  blobs: number;
  /** Bytes of blobs that were written. */
  bytes: number;
  /** Kernels that were left out or unchanged, because the source lost a blob of them. */
  lost: { buildId: string; detail: string }[];
}

/** Always exported: clients cannot verify anything without them. */
const isEssential = (name: string) =>
  name === 'manifest' || name === 'SHA256SUMS' || isSignatureName(name);

/**
 * Writes a source's kernels as static files, which any web server serves as a read-only depot. A
 * second run writes what is new. Readers are never disturbed: blobs come first, then the files of
 * each kernel, its record last, and the list of all kernels at the end. Blobs that only the
 * revision before named stay until the next run.
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

/** Another depot is not trusted: its names must not leave the folder, or replace the record. */
const isFileName = (name: string) => /^[\w-][\w.-]{0,127}$/.test(name) && name !== STATIC_RECORD;

/** The record with its exported artifacts. */
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
  // Another depot needs parts that are no artifacts to take the kernel over.
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
  // The manifest last: its readers request what it names.
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

/**
 * The record first, so that nothing names deleted files. Blobs of a withdrawn kernel are deleted at
 * once.
 */
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
 * Removes files that neither the records nor the ones before name, and writes the list of all.
 * @param kept blobs of the records before.
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
