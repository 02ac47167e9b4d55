import { isDeepStrictEqual } from 'node:util';
import {
  claimedArtifacts,
  EXTRA_NAMES,
  EXTRAS,
  LOCAL_PRINCIPAL,
  PART_NAMES,
  partsOf,
  partSpec,
  RECORD_SCHEMA,
  sourcesSinceReplace,
  withoutUndefined,
  withParts,
  type CoreEntry,
  type ExtraName,
  type KernelRecord,
  type PartEntries,
  type SourceEntry,
} from '@btf-depot/contracts';
import { ENCODER } from '../encoder.ts';
import { DepotError } from '../errors.ts';
import { longerKept, withKeptUntil } from '../upkeep/expiry.ts';
import { claimOthers, withMarks } from '../ownership/claim-others.ts';
import { entry, mergeCarrying, type Merging } from './merge-carriers.ts';
import { WORK, type ExtraWork, type FoundExtras, type PartOf } from '../extras/index.ts';
import { judgeUpload, type Actor, type Asked, type Ruling } from '../ownership/ownership.ts';
import { settle } from '../ownership/settle.ts';
import type { KernelParts } from '../split/split-kernel.ts';

/** The facts of an upload besides the bytes. */
export interface UploadFacts {
  arch?: string | undefined;
  distro?: string | undefined;
  release?: string | undefined;
  /** From its package, or its file name there; the kernel itself and the sender take precedence. */
  package?: { distribution?: string | undefined; release?: string | undefined } | undefined;
  sources: Pick<SourceEntry, 'sha256' | 'size' | 'kind' | 'part' | 'package'>[];
  at: Date;
  /** Restores a withdrawn kernel. */
  restore?: boolean | undefined;
  /** Replaces everything that is published. */
  replace?: boolean | undefined;
  /** Its expiry; absent: never. */
  keptUntil?: string | undefined;
  /** ID of the sender's token. */
  uploader?: string | undefined;
  actor: Actor;
  /** `kernel`: it has a kernel file, and core is not from the store. */
  evidence: Asked['evidence'];
  /** Core is in the upload, not from the store. */
  bringsCore: boolean;
}

/** Most listed files of principals other than the owner. */
const MAX_SOURCES = 1000;

/**
 * The record after an upload. A new revision is due if a part is new, or if the last one failed; an
 * upload never removes parts by omission.
 *
 * @returns undefined if nothing changes.
 * @throws DepotError what judgeUpload throws; `not-owner` if others' parts stay and the upload has
 *   nothing else; `foreign-carrier`, `carrier-conflict`.
 */
export function mergeRecord(
  current: KernelRecord | undefined,
  parts: KernelParts,
  facts: UploadFacts,
): KernelRecord | undefined {
  const { buildId, core, delivery, given, refused } = parts;
  const { evidence, distro, restore, replace } = facts;
  const asked = { buildId, coreSha256: core.sha256, evidence, distro, restore, replace };
  const encoded = core.encoded !== undefined;
  const kind = {
    encoded,
    builtin: delivery === 'builtin',
    carrier: (given ?? refused) !== undefined,
  };
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
  const known = ruling.leads ? describe(parts, facts) : {};
  // Facts from a new owner's kernel replace earlier ones.
  const described = ruling.takes ? { ...before, ...known } : { ...known, ...before };
  const merged = mergeParts(described, parts, { ruling, kept });
  const isUnchanged = isDeepStrictEqual(broughtOf(merged), broughtOf(before));
  if (isUnchanged && kept.length > 0) throw notTheOwner(buildId, kept, ruling);
  const mayKeep = ruling.rules || evidence === 'kernel';
  const next = withKeptUntil(
    { ...merged, sources: [...before.sources, ...newSources(before.sources, facts, ruling)] },
    mayKeep ? longerKept(current.keptUntil, facts.keptUntil) : current.keptUntil,
  );
  Object.assign(next, distroOf(before, ruling.distro, parts, ruling.leads ? facts : undefined));
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
 * @returns undefined if nothing changes; `again`: they must be split again, since that principal
 *   becomes the owner.
 * @throws DepotError: see judgeUpload.
 */
export function touchRecord(
  current: KernelRecord,
  facts: UploadFacts,
): KernelRecord | 'again' | undefined {
  const { buildId, core, delivery } = current;
  const { distro, actor, evidence } = facts;
  const encoded = core.encoded !== undefined;
  const builtin = delivery === 'builtin';
  const asked = { buildId, coreSha256: core.sha256, encoded, builtin, distro };
  const ruling = judgeUpload(current, { ...asked, evidence, carrier: false }, actor);
  if (ruling.takes || ruling.anew) return 'again';
  const keptUntil = longerKept(current.keptUntil, facts.keptUntil);
  const mayKeep = ruling.rules || evidence === 'kernel';
  const next = mayKeep ? withKeptUntil(current, keptUntil) : { ...current };
  // The owner may name the distribution later.
  if (ruling.distro !== undefined) Object.assign(next, { distro: ruling.distro });
  if (ruling.distro !== undefined) delete next.distroFrom;
  return isDeepStrictEqual(next, current) ? undefined : next;
}

function firstRecord(parts: KernelParts, facts: UploadFacts, ruling: Ruling): KernelRecord {
  const { buildId, endian, delivery, core } = parts;
  const { owner, claimant, distro, marks } = ruling;
  const brought = owner ? { by: marks.by } : marks;
  const about = {
    buildId,
    delivery,
    core: coreEntry(core, brought),
    parts: {},
    owner,
    claimant,
  };
  const record = withoutUndefined<KernelRecord>({
    schema: RECORD_SCHEMA,
    revision: 1,
    state: 'compressing',
    ...describe(parts, facts),
    ...distroOf(undefined, distro, parts, facts),
    endian,
    ...about,
    artifacts: {},
    sources: newSources([], facts, ruling),
    keptUntil: facts.keptUntil,
    uploadedAt: facts.at.toISOString(),
  });
  return mergeParts(record, parts, { ruling, kept: [] });
}

function coreEntry(core: KernelParts['core'], brought: Partial<Ruling['marks']>): CoreEntry {
  const { origin, encoded } = core;
  const { rules, coverage } = encoded ?? {};
  return withoutUndefined<CoreEntry>({
    ...entry(core),
    origin,
    encoded:
      rules === undefined
        ? undefined
        : withoutUndefined<CoreEntry['encoded'] & object>({
            rules,
            coverage: coverage && { ...coverage },
          }),
    ...brought,
  });
}

function mergeParts(record: KernelRecord, parts: KernelParts, merging: Merging): KernelRecord {
  const { leads } = merging.ruling;
  // Only a kernel file shows whether BTF is built in; a BTF file does not.
  const delivery = leads && parts.delivery === 'builtin' ? 'builtin' : record.delivery;
  let merged: KernelRecord = { ...record, delivery };
  for (const name of EXTRA_NAMES) {
    const entry = mergeExtra(name, record, parts, merging);
    if (entry) merged = withParts(merged, { [name]: entry });
  }
  return mergeCarrying(record, merged, parts, merging);
}

function mergeExtra<Name extends ExtraName>(
  name: Name,
  record: KernelRecord,
  parts: KernelParts,
  merging: Merging,
): PartEntries[Name] | undefined {
  const work: ExtraWork<Name, PartOf<Name>> = WORK[name];
  const old = record.parts[name] as PartEntries[Name] | undefined;
  const given = record.carrier?.given ?? {};
  /** The kernel's build has put it into a carrier. */
  const isPinned =
    !merging.ruling.overrides && work.pinnedBy.some((file) => given[file] && !given[file].linked);
  if (old && isPinned && !old.claimed) return old;
  const extras: FoundExtras = parts;
  const part = extras[name];
  const found = part && work.entry(part, parts.core.sha256);
  return settle<PartEntries[Name]>(EXTRAS[name].label, old, found, {
    ...merging,
    isNoWorse: (next, before) => work.isNoWorse(next, before, parts),
  });
}

/** The parts that an upload can bring. */
function broughtOf(record: KernelRecord) {
  const { carrier, delivery } = record;
  const { load, links, given } = carrier ?? {};
  return { parts: partsOf(record), delivery, load, links, given };
}

const INTERNAL: ReadonlySet<string> = new Set(PART_NAMES.filter((name) => partSpec(name).internal));

/** The fields of a record whose change makes a new revision due. */
function publishedOf(record: KernelRecord) {
  const { delivery, arch, bits, carrier } = record;
  const given = Object.entries(carrier?.given ?? {});
  return {
    delivery,
    target: [arch, bits],
    parts: [...partsOf(record)]
      .filter(([name]) => !INTERNAL.has(name))
      .map(([name, { sha256 }]) => [name, sha256]),
    carrier: carrier && [
      carrier.load,
      carrier.links,
      given.map(([name, { sha256, signed }]) => [name, sha256, signed]),
    ],
    claimed: claimedArtifacts(record),
  };
}

/**
 * The named distribution, else the one of the package or banner, which is for people only: no
 * token's right depends on it.
 * @param facts undefined: the sender says nothing about the kernel.
 */
function distroOf(
  before: KernelRecord | undefined,
  stated: string | undefined,
  parts: KernelParts,
  facts: UploadFacts | undefined,
): Pick<KernelRecord, 'distro' | 'distroFrom'> {
  if (stated !== undefined) return { distro: stated };
  const { distro, distroFrom } = before ?? {};
  if (distro !== undefined && distroFrom !== undefined) return { distro, distroFrom };
  const ofPackage = facts?.package?.distribution;
  if (ofPackage !== undefined) return { distro: ofPackage, distroFrom: 'package' };
  const { distribution } = parts;
  if (!facts || distribution === undefined) return {};
  return { distro: distribution, distroFrom: 'banner' };
}

/** Facts that a later upload may add, but not change. */
function describe(parts: KernelParts, facts: UploadFacts) {
  // The kernel's own facts take precedence over the sender's.
  const arch = parts.arch ?? facts.arch;
  const release = parts.release ?? facts.release ?? facts.package?.release;
  return withoutUndefined<Pick<KernelRecord, 'arch' | 'bits' | 'release'>>({
    arch,
    bits: parts.bits,
    release,
  });
}

function notTheOwner(
  buildId: string,
  kept: readonly string[],
  { owner, claimant }: Ruling,
): DepotError {
  const whose = (owner ?? claimant)?.principal ?? 'another principal';
  return new DepotError(
    'not-owner',
    `${kept.join(', ')}: ${whose} sent these parts of ${buildId}, and only its owner may replace them; ` +
      'the operator can make you the owner with `btfdepot owner set`',
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
    .map((source) =>
      withoutUndefined<SourceEntry>({
        ...source,
        encoder: ENCODER,
        uploader,
        ...marks,
        replaced: replace ? true : undefined,
        at: at.toISOString(),
      }),
    )
    .filter((source) => !hasSource(known, source, actor.principal, !marks.claimed));
}

/**
 * Whether a principal has sent a file before, and this same encoder split it.
 * @param asOwner since it became the owner: its earlier files may have been replaced.
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
