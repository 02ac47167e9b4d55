import { carrierTarget, isTried } from '@btf-depot/carrier';
import {
  CARRIER_FILES,
  CARRIERS,
  partOf,
  withParts,
  withoutUndefined,
  type CarrierEntry,
  type CarrierFile,
  type KernelRecord,
  type PartEntries,
  type PartName,
} from '@btf-depot/contracts';
import { withMarks } from '../ownership/claim-others.ts';
import { DepotError } from '../errors.ts';
import { artifactOf, linkedSection } from '../split/given-carrier.ts';
import { CORE_SECTION } from '../split/linked-core.ts';
import { CARRIER_NAME } from '../pack/make-carriers.ts';
import { mergeLayout, mergeSymbols } from './merge-symbols.ts';
import type { Ruling } from '../ownership/ownership.ts';
import type { Settling } from '../ownership/settle.ts';
import type { KernelParts } from '../split/split-kernel.ts';
import type { SplitPart } from '../split/split-part.ts';

export function entry(part: SplitPart) {
  return { sha256: part.sha256, size: part.bytes.length, types: part.types };
}

export type Merging = Pick<Settling<never>, 'ruling' | 'kept'>;

/**
 * The record with an upload's carriers and facts about them. Ksyms stay, except claimed ones whose
 * variables or symbols are replaced, and those that the kernel refutes. Load facts stay.
 *
 * @param before the record before the upload; `record` has everything else of the upload already.
 * @throws DepotError `foreign-carrier` for a carrier whose BTF differs from the record's,
 *   `carrier-conflict` for an unsigned one in place of a signed one.
 */
export function mergeCarrying(
  before: KernelRecord,
  record: KernelRecord,
  parts: KernelParts,
  merging: Merging,
): KernelRecord {
  const symbols = mergeSymbols(before, parts, merging);
  let next = withParts(record, { symbols });
  const held = symbols?.claimed ? withoutKsyms(parts) : parts;
  const ksyms = mergeKsyms(before, next, held, merging.ruling);
  const layout = ksyms ? undefined : mergeLayout(before, held, merging);
  next = withParts(next, { ksyms, layout });
  const carrier = mergeFacts(before.carrier, next, held, merging);
  const given = mergeGiven(before, { ...next, carrier }, held, merging.ruling);
  return { ...next, carrier: { ...carrier, ...given } };
}

/**
 * BPF programs read memory where symbols place a variable. So symbols from a stranger, without the
 * kernel's own to compare, give addresses only.
 */
function withoutKsyms({ ksyms, ...parts }: KernelParts): KernelParts {
  if (!ksyms) return parts;
  const { layout, from } = ksyms;
  const noKsyms = 'no-symbol-table';
  const { why = noKsyms, ...facts } = parts.carrier;
  const carrier = { noKsyms, ...facts, why } as const;
  return { ...parts, layout: { ...layout, from }, carrier };
}

/** New ones need the variables and the symbols of the record. */
function mergeKsyms(
  { parts: before }: KernelRecord,
  { core, parts: { vars: ofRecord, symbols } }: KernelRecord,
  { ksyms: found, vars, symbols: foundSymbols, carrier }: KernelParts,
  ruling: Ruling,
): PartEntries['ksyms'] | undefined {
  const old = before.ksyms;
  const isReplaced =
    ofRecord?.sha256 !== before.vars?.sha256 || symbols?.sha256 !== before.symbols?.sha256;
  const isClaim = old?.claimed === true || before.symbols?.origin === 'map';
  // A leading principal proves with the kernel that it finds no variable by name.
  const isRefuted = ruling.leads && carrier.noKsyms === 'no-kallsyms-all';
  const isGone = isRefuted || (isReplaced && (isClaim || ruling.overrides));
  const kept = isGone ? undefined : old;
  const isOfRecord =
    ofRecord?.sha256 === vars?.sha256 && (!foundSymbols || foundSymbols.sha256 === symbols?.sha256);
  if (!found || !isOfRecord) return kept;
  const rests = [core, ofRecord, symbols].some((part) => part?.claimed);
  const marks = rests ? { ...ruling.marks, claimed: true as const } : ruling.marks;
  if (found.sha256 === kept?.sha256 && kept.layout) {
    const same = { ...kept, from: found.from };
    if (ruling.rules && kept.claimed) return withMarks(same, marks);
    return kept.from === found.from || !ruling.leads ? kept : same;
  }
  if (ruling.over(kept) === 'keep') return kept;
  return {
    ...entry(found),
    variables: found.variables,
    leftOut: { ...found.leftOut },
    layout: { sha256: found.layout.sha256, size: found.layout.bytes.length },
    from: found.from,
    ...marks,
  };
}

/** The facts of a carrier other than its BTF. */
function mergeFacts(
  before: CarrierEntry | undefined,
  next: KernelRecord,
  parts: KernelParts,
  { ruling, kept }: Merging,
): CarrierEntry {
  const { leads, takes, marks } = ruling;
  const { ksyms } = next.parts;
  const { carrier: found } = parts;
  const old = before?.load;
  const isOther = found.load !== undefined && JSON.stringify(found.load) !== JSON.stringify(old);
  const verdict = ruling.over(old && before);
  if (isOther && verdict === 'keep') kept.push('load facts');
  const isSet = found.load !== undefined && verdict === 'set';
  const load = isSet ? copyOf(found.load) : old;
  // Links from a stranger's file would keep the depot from making carriers.
  const foundLinks = leads ? found.links?.map((link) => ({ ...link })) : undefined;
  const links = takes && parts.kind !== 'btf' ? foundLinks : (before?.links ?? foundLinks);
  const mapIgnored = leads ? (found.mapIgnored ?? before?.mapIgnored) : before?.mapIgnored;
  const said = leads ? (found.vermagic ?? before?.vermagic) : (before?.vermagic ?? found.vermagic);
  const vermagic = load?.vermagic ?? said;
  const wasTried = isTried(carrierTarget(next));
  const isLoadable = load !== undefined && wasTried;
  const is = { isLoadable, isUntried: load !== undefined && !wasTried, hasKsyms: !!ksyms };
  const entry = withoutUndefined<CarrierEntry>({
    loadable: is.isLoadable,
    ...whyOf(before, parts, is),
    moduleName: CARRIER_NAME,
    signed: false,
    vermagic,
    load,
    refused:
      (before?.refused ?? parts.refused) ? { ...before?.refused, ...parts.refused } : undefined,
    mapIgnored,
    links,
  });
  return load ? withMarks(entry, isSet ? marks : (before ?? {})) : entry;
}

function whyOf(
  before: CarrierEntry | undefined,
  { carrier, delivery }: KernelParts,
  is: { isLoadable: boolean; isUntried: boolean; hasKsyms: boolean },
): Pick<CarrierEntry, 'why'> {
  if (is.isUntried) return { why: 'not-tried' };
  const none = is.hasKsyms || delivery === 'module' ? undefined : carrier.noKsyms;
  // An upload without a kernel file knows no more than an earlier one.
  const notLoadable = carrier.why === 'no-kernel' ? (before?.why ?? carrier.why) : carrier.why;
  const why = is.isLoadable ? none : notLoadable;
  return why === undefined ? {} : { why };
}

/** Given carriers that still have the record's BTF, and the new one. */
function mergeGiven(
  before: KernelRecord,
  record: KernelRecord,
  { given }: KernelParts,
  { marks, overrides }: Ruling,
): Pick<CarrierEntry, 'given' | 'signed'> {
  const signedBefore = before.carrier?.signed === true;
  const isOther = (name: PartName) => partOf(before, name)?.sha256 !== partOf(record, name)?.sha256;
  const isGone = (file: CarrierFile) =>
    before.carrier?.given?.[file]?.linked ? isOther('core') : CARRIERS[file].holds.some(isOther);
  const gone = new Set<string>(CARRIER_FILES.filter(isGone));
  const all = Object.fromEntries(
    Object.entries(before.carrier?.given ?? {}).filter(([file]) => !gone.has(file)),
  );
  if (given) {
    const { sha256, bytes, signed } = given;
    const file = artifactOf(given, record);
    const old = all[file];
    const isSigned = old?.signed ?? (signedBefore && !!record.artifacts[file]);
    if (isSigned && !signed && !overrides) {
      throw new DepotError(
        'carrier-conflict',
        `the published ${file} is signed, and this one is not`,
      );
    }
    if (old?.sha256 !== sha256) {
      const isLinked = linkedSection(given, record.carrier?.links) === CORE_SECTION;
      const about = { sha256, size: bytes.length, signed, by: marks.by };
      all[file] = isLinked ? { ...about, linked: true } : about;
    }
  }
  const signed = Object.values(all).some((one) => one.signed) || (!given && signedBefore);
  return Object.keys(all).length > 0 ? { given: all, signed } : { signed };
}

function copyOf(load: KernelParts['carrier']['load']): CarrierEntry['load'] {
  return load && withoutUndefined<NonNullable<CarrierEntry['load']>>({ ...load });
}
