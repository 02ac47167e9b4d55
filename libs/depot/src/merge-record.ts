import { isDeepStrictEqual } from 'node:util';
import {
  RECORD_SCHEMA,
  type ExtraEntry,
  type KernelRecord,
  type SourceEntry,
} from '@btf-depot/contracts';
import { ENCODER } from './encoder.ts';
import { DepotError } from './errors.ts';
import { longerKept, withKeptUntil } from './kept-until.ts';
import { mergeInlines } from './inlines/inlines-part.ts';
import { entry, mergeCarrying } from './merge-carrying.ts';
import type { KernelParts } from './split-kernel.ts';
import { refuseWithdrawn } from './withdraw.ts';

/** What the upload says besides the bytes. */
export interface UploadFacts {
  arch?: string;
  distro?: string;
  release?: string;
  sources: Pick<SourceEntry, 'sha256' | 'size' | 'kind' | 'part' | 'package'>[];
  at: Date;
  /** Takes a withdrawn kernel in again. */
  restore?: boolean;
  /** Takes another core in the place of a published one. */
  replace?: boolean;
  /** When its time is over; absent: never. */
  keptUntil?: string;
  /** ID of the token that it was sent with. */
  uploader?: string;
}

/**
 * The record after an upload. A new revision is due where a part is new, or where the last one
 * failed; an upload with less than what is there takes nothing away.
 *
 * @returns undefined where the record already says it all.
 * @throws DepotError `core-conflict` for another core under a published build ID, `withdrawn`.
 */
export function mergeRecord(
  current: KernelRecord | undefined,
  parts: KernelParts,
  facts: UploadFacts,
): KernelRecord | undefined {
  if (!current) return firstRecord(parts, facts);
  const anew = () => ({ ...firstRecord(parts, facts), revision: current.revision + 1 });
  if (current.state === 'withdrawn') {
    if (!facts.restore && !current.withdrawal?.expired) refuseWithdrawn(current);
    // Made from nothing: its blobs may have been collected, and its core may have been the reason.
    return anew();
  }
  if (current.core.sha256 !== parts.core.sha256) {
    // Nothing of the other core fits this one.
    if (facts.replace) return anew();
    throw new DepotError(
      'core-conflict',
      `${parts.buildId} is published with core ${current.core.sha256} (${current.core.size} bytes), ` +
        `this upload has ${parts.core.sha256} (${parts.core.bytes.length} bytes)`,
    );
  }
  // Only a kernel shows that it has its BTF inside; a BTF file by itself does not show the contrary.
  const delivery = parts.delivery === 'builtin' ? 'builtin' : current.delivery;
  const extras = mergeExtras(current, parts);
  const isCarried = current.carrier?.given?.['btf_vmlinux_inline.ko'] !== undefined;
  const inlines = isCarried
    ? current.inlines
    : mergeInlines(current.inlines, parts.inlines, parts.core.sha256);
  const merged = { ...current, delivery, extras, ...(inlines && { inlines }) };
  const { fields, due: carriersChange } = mergeCarrying(merged, parts);
  const sources = newSources(current.sources, facts);
  const due =
    extras !== current.extras ||
    inlines !== current.inlines ||
    delivery !== current.delivery ||
    carriersChange;
  const known = describe(parts, facts);
  const learnt = Object.entries(known).some(([key]) => current[key] === undefined);
  const keptUntil = longerKept(current.keptUntil, facts.keptUntil);
  if (!due && current.state !== 'failed') {
    const same = isDeepStrictEqual({ ...current, ...fields }, current);
    if (sources.length === 0 && !learnt && same && keptUntil === current.keptUntil)
      return undefined;
    const next = { ...known, ...current, ...fields, sources: [...current.sources, ...sources] };
    return withKeptUntil(next, keptUntil);
  }
  const next: KernelRecord = {
    ...known,
    ...current,
    revision: current.revision + 1,
    state: 'compressing',
    delivery,
    extras,
    ...(inlines && { inlines }),
    ...fields,
    sources: [...current.sources, ...sources],
  };
  delete next.failure;
  delete next.progress;
  return withKeptUntil(next, keptUntil);
}

function firstRecord(parts: KernelParts, facts: UploadFacts): KernelRecord {
  const { buildId, endian, delivery } = parts;
  const core = { ...entry(parts.core), origin: parts.core.origin };
  const inlines = mergeInlines(undefined, parts.inlines, parts.core.sha256);
  const extras = mergeExtras({ extras: {} }, parts);
  const about = { buildId, delivery, core, extras, ...(inlines && { inlines }) };
  return {
    schema: RECORD_SCHEMA,
    revision: 1,
    state: 'compressing',
    ...describe(parts, facts),
    endian,
    ...about,
    ...mergeCarrying(about, parts).fields,
    artifacts: {},
    sources: newSources([], facts),
    ...(facts.keptUntil !== undefined && { keptUntil: facts.keptUntil }),
    uploadedAt: facts.at.toISOString(),
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
    ...(facts.distro !== undefined && { distro: facts.distro }),
  };
}

/**
 * The same object where nothing changes: new variables replace fewer ones, never more, and none
 * that the kernel's build has put into a carrier of its own.
 */
function mergeExtras(
  { extras: current, carrier }: Pick<KernelRecord, 'extras' | 'carrier'>,
  parts: KernelParts,
): KernelRecord['extras'] {
  const { vars } = parts;
  const given = carrier?.given ?? {};
  if (given['btf_vmlinux.ko'] ?? given['btf_vmlinux_ksyms.ko']) return current;
  const old = current.vars;
  if (!vars || (old && (old.sha256 === vars.sha256 || old.variables > vars.variables))) {
    return current;
  }
  // The same variables in another order: the one that agrees with ksyms stays.
  if (old?.variables === vars.variables && !parts.ksyms) return current;
  const added: ExtraEntry = {
    ...entry(vars),
    variables: vars.variables,
    origin: vars.origin,
    baseSha256: parts.core.sha256,
    ...(vars.coverage && { coverage: { ...vars.coverage } }),
  };
  return { ...current, vars: added };
}

function newSources(current: SourceEntry[], facts: UploadFacts): SourceEntry[] {
  return facts.sources
    .map((source) => ({
      ...source,
      encoder: ENCODER,
      ...(facts.uploader !== undefined && { uploader: facts.uploader }),
      at: facts.at.toISOString(),
    }))
    .filter((source) => !hasSource(current, source));
}

/** Whether a file was split by this very encoder before. */
export function hasSource(
  sources: SourceEntry[],
  { sha256, part }: Pick<SourceEntry, 'sha256' | 'part'>,
): boolean {
  return sources.some(
    (known) => known.sha256 === sha256 && known.part === part && known.encoder === ENCODER,
  );
}
