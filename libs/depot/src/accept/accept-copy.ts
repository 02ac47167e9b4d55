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
  type PublicKey,
} from '@btf-depot/contracts';
import { DepotError, vanished } from '../errors.ts';
import { withMarks } from '../ownership/claim-others.ts';
import { judgeUpload, rankOf, type Actor } from '../ownership/ownership.ts';
import { blobsOf } from '../record/blobs-in-records.ts';
import { CARRIER_NAME } from '../pack/make-carriers.ts';
import { updateRecord } from '../record/update-record.ts';
import type { Compute } from '../ports/compute.ts';
import type { OfferedCopy } from '../ports/upstream.ts';
import { isProvisional } from '../pull/provisional.ts';
import { checkSigned, type SignedManifest } from '../signing/check-signed.ts';
import type { AcceptDeps } from './accept-kernel.ts';
import { ring } from './ring.ts';
import type { CopiedParts } from './verify-parts.ts';

/** Bytes of all parts of a kernel, which are in memory together: far more than any has. */
const MOST_BYTES = 512 * 2 ** 20;

export interface CopyDeps extends Omit<AcceptDeps, 'compute' | 'underway'> {
  compute: Pick<Compute, 'verify'>;
}

export interface CopyOptions {
  /** One of them must have signed the kernel's manifest there; none: no signature is needed. */
  keys?: readonly PublicKey[] | undefined;
  signal: AbortSignal;
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
 * here it belongs to the actor. Its signatures, by trusted keys, are kept: they hold here too if
 * packing makes the same manifest.
 *
 * @throws DepotError if it is unfit for publication, or the actor may not send it; `not-signed`.
 */
export async function acceptCopy(
  deps: CopyDeps,
  offered: OfferedCopy,
  actor: Actor,
  { keys = [], signal }: CopyOptions,
): Promise<AcceptedCopy> {
  const signed = keys.length > 0 ? await checkSigned(offered, keys) : undefined;
  const next = adopted(offered.record, actor, signed);
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
  const bytes = await bytesOf(offered, next, signed);
  await deps.compute.verify(partsOf(next, bytes), signal);
  await Promise.all([...bytes].map(([sha256, one]) => deps.blobs.replace(sha256, one)));
  const { record } = await updateRecord(deps.records, buildId, (current) => {
    const now = judge(current);
    if (current && !now.anew && !now.takes && !now.rules) return filled(current, next);
    const least = current ? current.revision + (isSameManifest(current, next) ? 0 : 1) : 1;
    const revision = Math.max(next.revision, least);
    return { ...next, revision, uploadedAt: deps.clock.now().toISOString() };
  });
  if (!record) throw vanished(buildId);
  // Blobs that were there before its record named them may have been collected since.
  await Promise.all([...bytes].map(([sha256, one]) => deps.blobs.put(sha256, one)));
  await ring(deps, record);
  return { outcome: 'created', record };
}

/** Whether packing made this manifest here before, so that the revision stays what was signed. */
function isSameManifest(current: KernelRecord, next: KernelRecord): boolean {
  const before = current.countersigned?.manifest;
  const isSame = before !== undefined && before === next.countersigned?.manifest;
  return isSame && current.revision === next.revision;
}

/** The initial record here: parts, facts and sources, without decisions of the other depot. */
function adopted(
  record: KernelRecord,
  actor: Actor,
  signed: SignedManifest | undefined,
): KernelRecord {
  const { principal } = actor;
  const me: Owner = { principal, rank: rankOf(actor) };
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
    // The other depot is still fetching it.
    keptUntil: me.rank === 'upstream' && isProvisional(record) ? record.keptUntil : undefined,
    countersigned: signed && {
      manifest: signed.manifest,
      signatures: Object.fromEntries(
        signed.signatures.map(({ name, sha256, bytes }) => [name, { sha256, size: bytes.length }]),
      ),
    },
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
  signed: SignedManifest | undefined,
): Promise<Map<string, Uint8Array>> {
  const blobs = blobsOf(next);
  const size = blobs.reduce((sum, one) => sum + one.size, 0);
  if (size > MOST_BYTES) throw new DepotError('too-large', `its parts have ${size} bytes in all`);
  const bytes = new Map<string, Uint8Array>();
  for (const { sha256, bytes: one } of signed?.signatures ?? []) bytes.set(sha256, one);
  for (const one of blobs) {
    if (!bytes.has(one.sha256)) bytes.set(one.sha256, await blob(one));
  }
  return bytes;
}

function partsOf(next: KernelRecord, bytes: ReadonlyMap<string, Uint8Array>): CopiedParts {
  const of = ({ sha256 }: { sha256: string }) => bytes.get(sha256) ?? new Uint8Array();
  const { core, carrier } = next;
  const { ksyms } = next.parts;
  const extras = [...extrasOf(next)].map(([name, part]) => ({
    name,
    baseSha256: part.baseSha256,
    bytes: of(part),
  }));
  return {
    core: of(core),
    coreSha256: core.sha256,
    split: ksyms ? [...extras, { name: 'ksyms', bytes: of(ksyms) }] : extras,
    given: Object.entries(carrier?.given ?? {}).map(([name, given]) => ({
      name,
      bytes: of(given),
    })),
    carrier,
  };
}
