import { isDeepStrictEqual } from 'node:util';
import type { CarrierEntry, KernelRecord } from '@btf-depot/contracts';
import { artifactOf } from './given-carrier.ts';
import { CARRIER_NAME } from './make-carriers.ts';
import type { KernelParts } from './split-kernel.ts';
import type { SplitPart } from './split-part.ts';

type Carrying = Pick<KernelRecord, 'ksyms' | 'symbols' | 'carrier'>;

export function entry(part: SplitPart) {
  return { sha256: part.sha256, size: part.bytes.length, types: part.types };
}

/**
 * What a record says of carriers after an upload: no ksyms are taken away, and what makes a kernel
 * load a module stays. `record` has everything else of the upload already.
 *
 * @returns the fields, and whether they make other carriers than before.
 * @throws DepotError `foreign-carrier` for one whose BTF is not what the record has.
 */
export function mergeCarrying(
  record: Pick<KernelRecord, 'buildId' | 'delivery' | 'core' | 'extras' | 'inlines'> & Carrying,
  parts: KernelParts,
): { fields: Carrying; due: boolean } {
  const ksyms = mergeKsyms(record, parts);
  const symbols = mergeSymbols(record, parts);
  const before = record.carrier;
  const load = before?.load ?? copyOf(parts.carrier.load);
  const links = before?.links ?? parts.carrier.links?.map((link) => ({ ...link }));
  const vermagic = load?.vermagic ?? parts.carrier.vermagic ?? before?.vermagic;
  const carrier: CarrierEntry = {
    loadable: load !== undefined,
    ...whyOf(before, parts, { isLoadable: load !== undefined, hasKsyms: ksyms !== undefined }),
    moduleName: CARRIER_NAME,
    signed: before?.signed ?? false,
    ...(vermagic !== undefined && { vermagic }),
    ...(load && { load }),
    ...(before?.given && { given: before.given }),
    ...((before?.refused ?? parts.refused) && {
      refused: { ...before?.refused, ...parts.refused },
    }),
    ...(links && { links }),
  };
  const given = mergeGiven({ ...record, ...(ksyms && { ksyms }), carrier }, parts);
  const whole = { ...carrier, ...given };
  const made = ({ load, links, given }: CarrierEntry) => ({ load, links, given });
  const due = !before || ksyms !== record.ksyms || !isDeepStrictEqual(made(whole), made(before));
  return { fields: { ...(ksyms && { ksyms }), ...(symbols && { symbols }), carrier: whole }, due };
}

/** New ones come with variables that were not there, or where there were none. */
function mergeKsyms(
  { ksyms: before, extras }: Pick<KernelRecord, 'ksyms' | 'extras'>,
  { ksyms: found, vars }: KernelParts,
): KernelRecord['ksyms'] {
  if (!found || (found.sha256 === before?.sha256 && before.layout)) return before;
  if (extras.vars?.sha256 !== vars?.sha256) return before;
  return {
    ...entry(found),
    variables: found.variables,
    leftOut: { ...found.leftOut },
    layout: { sha256: found.layout.sha256, size: found.layout.bytes.length },
  };
}

/** The symbol table itself says more than a map; ksyms show that the symbols are the right ones. */
function mergeSymbols(
  { symbols: before, ksyms }: Carrying,
  { symbols: found }: KernelParts,
): KernelRecord['symbols'] {
  const isBetter = found && (!before || !ksyms || found.origin === 'symtab');
  if (!isBetter || (before?.origin === 'symtab' && found.origin === 'map')) return before;
  return { sha256: found.sha256, size: found.bytes.length, origin: found.origin };
}

function whyOf(
  before: CarrierEntry | undefined,
  { carrier, delivery }: KernelParts,
  { isLoadable, hasKsyms }: { isLoadable: boolean; hasKsyms: boolean },
): Pick<CarrierEntry, 'why'> {
  const none = hasKsyms || delivery === 'module' ? undefined : carrier.noKsyms;
  // An upload without a file of the kernel says no more than an earlier one.
  const notLoadable = carrier.why === 'no-kernel' ? (before?.why ?? carrier.why) : carrier.why;
  const why = isLoadable ? none : notLoadable;
  return why === undefined ? {} : { why };
}

function mergeGiven(
  record: Parameters<typeof artifactOf>[1],
  { given }: KernelParts,
): Pick<CarrierEntry, 'given' | 'signed'> | undefined {
  if (!given) return undefined;
  const { sha256, bytes, signed } = given;
  const file = artifactOf(given, record);
  const all = { ...record.carrier?.given, [file]: { sha256, size: bytes.length, signed } };
  return { given: all, signed: Object.values(all).some((one) => one.signed) };
}

function copyOf(load: KernelParts['carrier']['load']): CarrierEntry['load'] {
  return load && { ...load, structModule: { ...load.structModule } };
}
