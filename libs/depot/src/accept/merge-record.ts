import { isDeepStrictEqual } from 'node:util';
import {
  claimedArtifacts,
  LOCAL_PRINCIPAL,
  RECORD_SCHEMA,
  sourcesSinceReplace,
  type ExtraEntry,
  type KernelRecord,
  type SourceEntry,
} from '@btf-depot/contracts';
import { ENCODER } from '../encoder.ts';
import { DepotError } from '../errors.ts';
import { longerKept, withKeptUntil } from '../upkeep/expiry.ts';
import { inlinesEntry, isNoWorse } from '../split/inlines-part.ts';
import { claimOthers, withMarks } from '../ownership/claim-others.ts';
import { entry, mergeCarrying, type Merging } from './merge-carriers.ts';
import { judgeUpload, type Actor, type Asked, type Ruling } from '../ownership/ownership.ts';
import { settle } from '../ownership/settle.ts';
import type { KernelParts } from '../split/split-kernel.ts';

/** What the upload says besides the bytes. */
export interface UploadFacts {
  arch?: string;
  distro?: string;
  release?: string;
  sources: Pick<SourceEntry, 'sha256' | 'size' | 'kind' | 'part' | 'package'>[];
  at: Date;
  /** Takes a withdrawn kernel in again. */
  restore?: boolean;
  /** Takes what it brings in the place of what is published. */
  replace?: boolean;
  /** When its time is over; absent: never. */
  keptUntil?: string;
  /** ID of the token that it was sent with. */
  uploader?: string;
  actor: Actor;
  /** `kernel`: it has a kernel file, and core is not from the store. */
  evidence: Asked['evidence'];
  /** Core is in the upload, not from the store. */
  bringsCore: boolean;
}

/** Files that others than the owner have sent are listed until there are so many. */
const MAX_SOURCES = 1000;

/**
 * The record after an upload. A new revision is due where a part is new, or where the last one
 * failed; an upload with less than what is there takes nothing away.
 *
 * @returns undefined where the record already says it all.
 * @throws DepotError what judgeUpload throws; `not-owner` where others' parts stay, and nothing
 *   else is in the upload; `foreign-carrier`, `carrier-conflict`.
 */
export function mergeRecord(
  current: KernelRecord | undefined,
  parts: KernelParts,
  facts: UploadFacts,
): KernelRecord | undefined {
  const { buildId, core, delivery, given, refused } = parts;
  const { evidence, distro, restore, replace } = facts;
  const asked = { buildId, coreSha256: core.sha256, evidence, distro, restore, replace };
  const kind = { builtin: delivery === 'builtin', carrier: (given ?? refused) !== undefined };
  const ruling = judgeUpload(current, { ...asked, ...kind }, facts.actor);
  if (!current) return firstRecord(parts, facts, ruling);
  if (ruling.anew) {
    return { ...firstRecord(parts, facts, ruling), revision: current.revision + 1 };
  }
  const before = claimOthers(current, ruling);
  if (facts.bringsCore && ruling.rules && before.core.claimed) {
    before.core = withMarks(before.core, ruling.marks);
  }
  const kept: string[] = [];
  const merged = mergeParts(before, parts, { ruling, kept });
  const isUnchanged = isDeepStrictEqual(partsOf(merged), partsOf(before));
  if (isUnchanged && kept.length > 0) throw notTheOwner(buildId, kept, ruling);
  const known = ruling.leads ? describe(parts, facts) : {};
  const mayKeep = ruling.rules || evidence === 'kernel';
  const next = withKeptUntil(
    {
      // What a new owner's kernel says of itself counts more than what was said before.
      ...(ruling.takes ? { ...merged, ...known } : { ...known, ...merged }),
      sources: [...before.sources, ...newSources(before.sources, facts, ruling)],
    },
    mayKeep ? longerKept(current.keptUntil, facts.keptUntil) : current.keptUntil,
  );
  const isDue = !isDeepStrictEqual(publishedOf(merged), publishedOf(current));
  if (isDue || current.state === 'failed') {
    next.revision = current.revision + 1;
    next.state = 'compressing';
    delete next.failure;
    delete next.progress;
  }
  return isDeepStrictEqual(next, current) ? undefined : next;
}

/**
 * The record after an upload of files that the same principal has sent before.
 * @returns undefined where it stays as it is; `again`: it has to be split once more, for the
 *   kernel becomes that principal's.
 * @throws DepotError: see judgeUpload.
 */
export function touchRecord(
  current: KernelRecord,
  facts: UploadFacts,
): KernelRecord | 'again' | undefined {
  const { buildId, core, delivery } = current;
  const { distro, actor, evidence } = facts;
  const asked = { buildId, coreSha256: core.sha256, builtin: delivery === 'builtin', distro };
  const ruling = judgeUpload(current, { ...asked, evidence, carrier: false }, actor);
  if (ruling.takes || ruling.anew) return 'again';
  const keptUntil = longerKept(current.keptUntil, facts.keptUntil);
  const mayKeep = ruling.rules || evidence === 'kernel';
  if (!mayKeep || keptUntil === current.keptUntil) return undefined;
  return withKeptUntil(current, keptUntil);
}

function firstRecord(parts: KernelParts, facts: UploadFacts, ruling: Ruling): KernelRecord {
  const { buildId, endian, delivery, core } = parts;
  const { owner, claimant, distro, marks } = ruling;
  const about = {
    buildId,
    delivery,
    core: { ...entry(core), origin: core.origin, ...(owner ? { by: marks.by } : marks) },
    extras: {},
    ...(owner && { owner }),
    ...(claimant && { claimant }),
  };
  const record: KernelRecord = {
    schema: RECORD_SCHEMA,
    revision: 1,
    state: 'compressing',
    ...describe(parts, facts),
    ...(distro !== undefined && { distro }),
    endian,
    ...about,
    artifacts: {},
    sources: newSources([], facts, ruling),
    ...(facts.keptUntil !== undefined && { keptUntil: facts.keptUntil }),
    uploadedAt: facts.at.toISOString(),
  };
  return mergeParts(record, parts, { ruling, kept: [] });
}

function mergeParts(record: KernelRecord, parts: KernelParts, merging: Merging): KernelRecord {
  const { leads, overrides } = merging.ruling;
  // Only a kernel shows that it has its BTF inside; a BTF file by itself does not show the contrary.
  const delivery = leads && parts.delivery === 'builtin' ? 'builtin' : record.delivery;
  const given = record.carrier?.given ?? {};
  /** A part that the kernel's build has put into a carrier of its own. */
  const isPinned = (part: { claimed?: true } | undefined, ...carriers: string[]) =>
    !overrides && !part?.claimed && carriers.some((name) => given[name]);
  const baseSha256 = parts.core.sha256;
  const { vars: oldVars } = record.extras;
  const foundVars = parts.vars && varsEntry(parts.vars, baseSha256);
  const vars = isPinned(oldVars, 'btf_vmlinux.ko', 'btf_vmlinux_ksyms.ko')
    ? oldVars
    : settle('variables', oldVars, foundVars, {
        ...merging,
        // The same variables in another order: the one that agrees with ksyms stays.
        isNoWorse: (next, old) =>
          next.variables > old.variables || (next.variables === old.variables && !!parts.ksyms),
      });
  const { inlines: oldInlines } = record;
  const foundInlines = parts.inlines && inlinesEntry(parts.inlines, baseSha256);
  const inlines = isPinned(oldInlines, 'btf_vmlinux_inline.ko')
    ? oldInlines
    : settle('inlined calls', oldInlines, foundInlines, { ...merging, isNoWorse });
  const merged: KernelRecord = {
    ...record,
    delivery,
    extras: { ...record.extras, ...(vars && { vars }) },
    ...(inlines && { inlines }),
  };
  return mergeCarrying(record, merged, parts, merging);
}

function varsEntry(vars: KernelParts['vars'] & object, baseSha256: string): ExtraEntry {
  return {
    ...entry(vars),
    variables: vars.variables,
    origin: vars.origin,
    baseSha256,
    ...(vars.coverage && { coverage: { ...vars.coverage } }),
  };
}

/** What an upload can bring. */
function partsOf(record: KernelRecord) {
  const { core, extras, ksyms, symbols, layout, inlines, carrier, delivery } = record;
  const { load, links, given } = carrier ?? {};
  return { core, extras, ksyms, symbols, layout, inlines, delivery, load, links, given };
}

/** What of a record makes a new revision due when it changes. */
function publishedOf(record: KernelRecord) {
  const { core, delivery, extras, ksyms, inlines, carrier } = record;
  const hashes = (parts: Record<string, { sha256: string; signed?: boolean }>) =>
    Object.entries(parts).map(([name, { sha256, signed }]) => [name, sha256, signed]);
  return {
    delivery,
    parts: [core.sha256, hashes(extras), ksyms?.sha256, ksyms?.layout?.sha256, inlines?.sha256],
    carrier: carrier && [carrier.load, carrier.links, hashes(carrier.given ?? {})],
    claimed: claimedArtifacts(record),
  };
}

/** Facts that a later upload may add, but not change. */
function describe(parts: KernelParts, facts: UploadFacts) {
  // What the kernel says of itself is worth more than what the sender says of it.
  const arch = parts.arch ?? facts.arch;
  const release = parts.release ?? facts.release;
  return {
    ...(arch !== undefined && { arch }),
    ...(parts.bits !== undefined && { bits: parts.bits }),
    ...(release !== undefined && { release }),
  };
}

function notTheOwner(
  buildId: string,
  kept: readonly string[],
  { owner, claimant }: Ruling,
): DepotError {
  const whose = (owner ?? claimant)?.principal ?? 'others';
  return new DepotError(
    'not-owner',
    `${kept.join(', ')}: ${buildId} has these of ${whose} or others, and only its owner replaces them; ` +
      'the operator can make you that, with btfdepot owner set',
  );
}

function newSources(
  current: SourceEntry[],
  { sources, uploader, actor, at, replace }: UploadFacts,
  { leads, marks }: Ruling,
): SourceEntry[] {
  if (!leads && current.length >= MAX_SOURCES) return [];
  const known = replace ? [] : sourcesSinceReplace(current);
  return sources
    .map((source) => ({
      ...source,
      encoder: ENCODER,
      ...(uploader !== undefined && { uploader }),
      ...marks,
      ...(replace && { replaced: true as const }),
      at: at.toISOString(),
    }))
    .filter((source) => !hasSource(known, source, actor.principal, !marks.claimed));
}

/**
 * Whether a principal has sent a file before that this very encoder split.
 * @param asOwner since it owns the kernel: what it sent before may have given way to others.
 */
export function hasSource(
  sources: readonly SourceEntry[],
  { sha256, part }: Pick<SourceEntry, 'sha256' | 'part'>,
  principal: string,
  asOwner: boolean,
): boolean {
  return sources.some(
    ({ by, uploader, claimed, encoder, ...known }) =>
      known.sha256 === sha256 &&
      known.part === part &&
      encoder === ENCODER &&
      (by ?? uploader ?? LOCAL_PRINCIPAL) === principal &&
      !(asOwner && claimed),
  );
}
