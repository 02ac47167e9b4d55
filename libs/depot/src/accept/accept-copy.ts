import { FormatError } from '@btf-depot/bytes';
import { formatFault, parseBtf, verifyBtf, type BtfFault } from '@btf-depot/btf';
import { carrierTarget, isTried } from '@btf-depot/carrier';
import {
  extrasOf,
  mapParts,
  PART_NAMES,
  partOf,
  withoutUndefined,
  type CarrierEntry,
  type KernelRecord,
  type Owner,
  type PartEntries,
} from '@btf-depot/contracts';
import { DepotError, vanished } from '../errors.ts';
import { withMarks } from '../ownership/claim-others.ts';
import { judgeUpload, type Actor } from '../ownership/ownership.ts';
import { blobsOf } from '../record/blobs-in-records.ts';
import { CARRIER_NAME } from '../pack/make-carriers.ts';
import { updateRecord } from '../record/update-record.ts';
import { whyUnsafe } from '../split/given-carrier.ts';
import type { AcceptDeps } from './accept-kernel.ts';
import { ring } from './ring.ts';

export type CopyDeps = Omit<AcceptDeps, 'compute' | 'underway'>;

/** A kernel that another depot has split. */
export interface OfferedCopy {
  record: KernelRecord;
  /** Bytes of that hash and size. @throws Error if it has none. */
  blob: (wanted: { sha256: string; size: number }) => Promise<Uint8Array>;
}

export interface AcceptedCopy {
  /** `known`: the depot has it with the same parts; `outranked`: its sender has a better right. */
  outcome: 'created' | 'known' | 'outranked';
  record: KernelRecord;
}

/**
 * Accepts a kernel that another depot has split, for its parts: without its debug information they
 * could not be made again. Nothing else is trusted: BTF is verified as after a split, carriers of
 * the build are judged, and artifacts are packed here, from the parts. Its owner there is ignored:
 * here it belongs to the actor.
 *
 * @throws DepotError if it is unfit for publication, or the actor may not send it.
 */
export async function acceptCopy(
  deps: CopyDeps,
  offered: OfferedCopy,
  actor: Actor,
): Promise<AcceptedCopy> {
  const next = adopted(offered.record, actor);
  const { buildId, core } = next;
  const judge = (current: KernelRecord | undefined) =>
    judgeUpload(
      current,
      {
        buildId,
        coreSha256: core.sha256,
        encoded: core.encoded !== undefined,
        evidence: next.owner ? 'kernel' : 'claim',
        builtin: next.delivery === 'builtin',
        carrier: false,
        distro: next.distro,
      },
      actor,
    );
  const before = (await deps.records.get(buildId))?.record;
  const ruling = judge(before);
  if (before && !ruling.anew && !ruling.takes) {
    if (hasParts(before, next)) return { outcome: 'known', record: before };
    if (!ruling.rules && !filled(before, next)) return { outcome: 'outranked', record: before };
  }
  const bytes = await bytesOf(offered, next);
  verify(next, bytes);
  await Promise.all([...bytes].map(([sha256, one]) => deps.blobs.replace(sha256, one)));
  const { record } = await updateRecord(deps.records, buildId, (current) => {
    const now = judge(current);
    if (current && !now.anew && !now.takes && !now.rules) return filled(current, next);
    const revision = Math.max(next.revision, (current?.revision ?? 0) + 1);
    return { ...next, revision, uploadedAt: deps.clock.now().toISOString() };
  });
  if (!record) throw vanished(buildId);
  // Blobs that were there before its record named them may have been collected since.
  await Promise.all([...bytes].map(([sha256, one]) => deps.blobs.put(sha256, one)));
  await ring(deps, record);
  return { outcome: 'created', record };
}

/** The initial record here: parts, facts and sources, without decisions of the other depot. */
function adopted(record: KernelRecord, { principal }: Actor): KernelRecord {
  const me: Owner = { principal, rank: 'import' };
  const isOwned = record.owner !== undefined || record.claimant === undefined;
  const claimed = isOwned ? undefined : (true as const);
  const own = mapParts(record, (part) =>
    withMarks(part, { by: principal, claimed: part.claimed ?? claimed }),
  );
  const { schema, buildId, revision, arch, bits, endian, release, distro, distroFrom } = record;
  const { delivery, carrier, encoder, uploadedAt } = record;
  const known = new Set<string>(PART_NAMES);
  const parts = isOwned || !own.parts.ksyms ? own.parts : withoutKsyms(own.parts);
  return withoutUndefined<KernelRecord>({
    schema,
    buildId,
    revision,
    arch,
    bits,
    endian,
    release,
    distro,
    distroFrom,
    delivery,
    state: 'compressing',
    core: own.core,
    parts: Object.fromEntries(Object.entries(parts).filter(([name]) => known.has(name))),
    carrier,
    artifacts: {},
    sources: record.sources.map(({ uploader: _uploader, ...source }) => ({
      ...source,
      by: principal,
    })),
    encoder,
    owner: isOwned ? me : undefined,
    claimant: isOwned ? undefined : me,
    uploadedAt,
  });
}

/**
 * The record of another owner's kernel with the parts that it lacks, as claims: by the rules for
 * uploads of strangers in mergeCarrying.
 * @returns undefined if it lacks none.
 */
function filled(current: KernelRecord, next: KernelRecord): KernelRecord | undefined {
  const offered = Object.entries(next.parts.ksyms ? withoutKsyms(next.parts) : next.parts);
  const absent = offered
    .filter(([name]) => !Object.hasOwn(current.parts, name))
    // Ksyms have a layout of their own.
    .filter(([name]) => name !== 'layout' || !current.parts.ksyms);
  if (absent.length === 0) return undefined;
  const claimed = absent.map(
    ([name, part]) => [name, { ...(part as object), claimed: true }] as const,
  );
  const merged: KernelRecord = {
    ...current,
    parts: { ...current.parts, ...Object.fromEntries(claimed) },
    sources: [
      ...current.sources,
      ...next.sources.map((one) => ({ ...one, claimed: true as const })),
    ],
    revision: current.revision + 1,
    state: 'compressing',
  };
  delete merged.failure;
  delete merged.progress;
  const load = current.carrier?.load ? undefined : next.carrier?.load;
  if (load) merged.carrier = withLoad(merged, load, next);
  return merged;
}

/**
 * BPF programs read memory where ksyms place a variable. So a stranger's give addresses only, as
 * its symbols do in an upload.
 */
function withoutKsyms({ ksyms, ...parts }: KernelRecord['parts']): KernelRecord['parts'] {
  // Older ksyms do not say from which symbols they are.
  const { layout, from = 'map', by, claimed } = ksyms ?? {};
  if (!layout) return parts;
  const addresses = { ...layout, from, by, claimed };
  return { layout: withoutUndefined<PartEntries['layout']>(addresses), ...parts };
}

/** The carrier's facts with another's load facts. The owner's other facts and carriers stay. */
function withLoad(
  record: KernelRecord,
  load: NonNullable<CarrierEntry['load']>,
  { carrier, owner, claimant }: KernelRecord,
): CarrierEntry {
  const loadable = isTried(carrierTarget(record));
  const hasNone = record.delivery === 'builtin' && !record.parts.ksyms;
  const noKsyms = hasNone ? (carrier?.why ?? 'no-symbol-table') : undefined;
  return withoutUndefined<CarrierEntry>({
    moduleName: CARRIER_NAME,
    signed: false,
    ...record.carrier,
    loadable,
    why: loadable ? noKsyms : 'not-tried',
    vermagic: load.vermagic,
    load,
    by: (owner ?? claimant)?.principal,
    claimed: true,
  });
}

/** Whether a kernel has every part of another, with the same bytes. */
export function hasParts(current: KernelRecord, next: KernelRecord): boolean {
  return PART_NAMES.every((name) => {
    const wanted = partOf(next, name)?.sha256;
    return wanted === undefined || partOf(current, name)?.sha256 === wanted;
  });
}

async function bytesOf(
  { blob }: OfferedCopy,
  next: KernelRecord,
): Promise<Map<string, Uint8Array>> {
  const bytes = new Map<string, Uint8Array>();
  for (const one of blobsOf(next)) {
    if (!bytes.has(one.sha256)) bytes.set(one.sha256, await blob(one));
  }
  return bytes;
}

/** @throws DepotError `bad-btf`, `foreign-core`, `unsafe-carrier`. */
function verify(next: KernelRecord, bytes: ReadonlyMap<string, Uint8Array>): void {
  const of = ({ sha256 }: { sha256: string }) => bytes.get(sha256) ?? new Uint8Array();
  const core = checked('core', () => {
    refuseFaults('core', verifyBtf(of(next.core)));
    return parseBtf(of(next.core));
  });
  const { ksyms } = next.parts;
  for (const [name, part] of [...extrasOf(next), ...(ksyms ? [['ksyms', ksyms] as const] : [])]) {
    const base = 'baseSha256' in part ? part.baseSha256 : undefined;
    if (base !== undefined && base !== next.core.sha256) {
      throw new DepotError('foreign-core', `the base of ${name} is another core`);
    }
    checked(name, () => refuseFaults(name, verifyBtf(of(part), { base: core })));
  }
  for (const [file, given] of Object.entries(next.carrier?.given ?? {})) {
    const why = checked(file, () => whyUnsafe(of(given), next.carrier));
    if (why !== undefined) throw new DepotError('unsafe-carrier', `${file}: ${why}`);
  }
}

function refuseFaults(name: string, [fault]: readonly BtfFault[]): void {
  if (fault) throw new DepotError('bad-btf', `${name}: ${formatFault(fault)}`);
}

function checked<Result>(name: string, check: () => Result): Result {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new DepotError('bad-btf', `${name}: ${error.message}`, { cause: error });
  }
}
