import {
  partOf,
  partsOf,
  RECORD_SCHEMA,
  withoutUndefined,
  withParts,
  type KernelRecord,
  type PartName,
  type SourceEntry,
} from '@btf-depot/contracts';
import { packInput } from '../../pack/compress-kernel.ts';
import { ENCODER, isOlderEncoder } from '../../encoder.ts';
import { DepotError } from '../../errors.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import type { RecordStore } from '../../ports/record-store.ts';
import type { SplitPart } from '../../split/split-part.ts';
import { updateRecord } from '../../record/update-record.ts';
import { splitAgain } from './split-again.ts';

/** Parts that need their source file. */
export interface SourceNeed {
  /** `inlines`, `ksyms`, `vars`: parts read from DWARF or a symbol table. */
  parts: string[];
  /** The files that an older encoder read: a package by its name, any by its hash. */
  sources: Pick<SourceEntry, 'sha256' | 'kind' | 'package' | 'encoder'>[];
}

export interface Reprocessed {
  buildId: string;
  /** Parts with other bytes than before; carriers are made again in any case. */
  changed: string[];
  /** Absent: everything was made again from stored parts. */
  needs?: SourceNeed | undefined;
}

export interface ReprocessOptions {
  /** Kernels whose parts were made by an encoder before this version, `0.2.0`. */
  before: string;
  /** Report what would be done, and do nothing. */
  dryRun: boolean;
}

/** The parts may be replaced, and collected, during the new split. */
const TRIES = 5;

/**
 * Repeats the split of a kernel from its stored parts, and makes its carriers again, under a new
 * revision; until that is ready the old one is served. Core never changes.
 *
 * @returns undefined if the kernel is not of an older encoder, is withdrawn, or unknown.
 * @throws DepotError `unknown-blob`, `bad-btf`; the errors of splitting.
 */
export async function reprocess(
  { blobs, records }: { blobs: BlobStore; records: RecordStore },
  buildId: string,
  { before, dryRun }: ReprocessOptions,
): Promise<Reprocessed | undefined> {
  for (let tries = 1; ; tries++) {
    const record = (await records.get(buildId))?.record;
    if (!record || !isDue(record, before)) return undefined;
    try {
      const parts = await splitStored(blobs, record);
      const bytes = Object.values(parts);
      const changed = Object.entries(parts)
        .filter(([name, { sha256 }]) => sha256 !== partsOf(record).get(name)?.sha256)
        .map(([name]) => name);
      const needs = sourceNeed(record, before);
      const report = { buildId, changed, needs };
      if (dryRun) return report;
      for (const { sha256, bytes: put } of bytes) await blobs.replace(sha256, put);
      const { written } = await updateRecord(records, buildId, (current) =>
        current && isDue(current, before) && sameParts(current, record)
          ? withSplits(current, parts)
          : undefined,
      );
      // Blobs that existed before the record named them may have been collected since: see
      // collectGarbage.
      if (!written) continue;
      for (const { sha256, bytes: put } of bytes) await blobs.put(sha256, put);
      return report;
    } catch (error) {
      const isLost = error instanceof DepotError && error.code === 'unknown-blob';
      if (!isLost || tries === TRIES) throw error;
    }
  }
}

/** Core, and the parts made from it again. */
const REMADE = ['core', 'vars', 'ksyms'] as const satisfies PartName[];

type Parts = Partial<Record<'vars' | 'ksyms', SplitPart & { variables: number }>>;

async function splitStored(blobs: BlobStore, record: KernelRecord): Promise<Parts> {
  const { core, vars, ksyms } = await packInput(blobs, record);
  if (!vars) return {};
  const { release } = record;
  return splitAgain({ core, vars, ksyms, release });
}

function isDue(record: KernelRecord, before: string): boolean {
  if (record.schema > RECORD_SCHEMA || record.state === 'withdrawn') return false;
  return encodersOf(record).some((encoder) => isOlderEncoder(encoder, before));
}

/** The encoder of the current parts. */
function encodersOf({ encoder, sources }: KernelRecord): string[] {
  return encoder === undefined ? sources.map((source) => source.encoder) : [encoder];
}

function sourceNeed(record: KernelRecord, before: string): SourceNeed | undefined {
  const { sources } = record;
  const parts = [...partsOf(record)]
    .filter(([name, { origin }]) => origin === 'dwarf' || name === 'ksyms')
    .map(([name]) => name)
    .sort();
  if (parts.length === 0) return undefined;
  const older = sources.filter(({ encoder }) => isOlderEncoder(encoder, before));
  const named = older.map(({ sha256, kind, encoder, package: name }) =>
    withoutUndefined<SourceNeed['sources'][number]>({ sha256, kind, encoder, package: name }),
  );
  return { parts, sources: named };
}

function sameParts(one: KernelRecord, other: KernelRecord): boolean {
  const hashes = (record: KernelRecord) =>
    JSON.stringify(REMADE.map((name) => partOf(record, name)?.sha256 ?? ''));
  return hashes(one) === hashes(other);
}

function withSplits(record: KernelRecord, { vars, ksyms }: Parts): KernelRecord {
  const { parts, revision } = record;
  const next: KernelRecord = {
    ...withParts(record, {
      vars: vars && parts.vars ? { ...parts.vars, ...entryOf(vars) } : parts.vars,
      ksyms: ksyms && parts.ksyms ? { ...parts.ksyms, ...entryOf(ksyms) } : parts.ksyms,
    }),
    revision: revision + 1,
    state: 'compressing',
    encoder: ENCODER,
  };
  delete next.failure;
  delete next.progress;
  return next;
}

function entryOf({ sha256, bytes, types, variables }: SplitPart & { variables: number }) {
  return { sha256, size: bytes.length, types, variables };
}
