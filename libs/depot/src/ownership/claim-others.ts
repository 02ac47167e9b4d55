import { mapParts, type CarrierEntry, type KernelRecord } from '@btf-depot/contracts';
import { standingOf, type Ruling } from './ownership.ts';

export interface Brought {
  by?: string | undefined;
  claimed?: true | undefined;
}

/**
 * The record with the owner of the ruling. If the owner is new, parts from others become claims,
 * and their carriers are removed.
 */
export function claimOthers(current: KernelRecord, ruling: Ruling): KernelRecord {
  const { takes, owner, claimant, distro, marks } = ruling;
  const next: KernelRecord = { ...current };
  delete next.owner;
  delete next.claimant;
  // The distribution of a package stays until somebody names one.
  if (current.distroFrom === undefined || distro !== undefined) {
    delete next.distro;
    delete next.distroFrom;
  }
  if (owner) next.owner = owner;
  if (claimant) next.claimant = claimant;
  if (distro !== undefined) next.distro = distro;
  if (!takes) return next;
  const { principal } = standingOf(current).before;
  const judged = judgedParts(next, ({ by = principal }) =>
    by === marks.by ? { by } : { by, claimed: true },
  );
  return { ...judged, core: withMarks(judged.core, marks) };
}

/** The record with new marks on each part, without given carriers that would be claims. */
export function judgedParts(record: KernelRecord, judge: (part: Brought) => Brought): KernelRecord {
  const judged = <Part extends Brought>(part: Part) => withMarks(part, judge(part));
  const { carrier } = record;
  const next = mapParts(record, judged);
  if (carrier) next.carrier = judgedCarrier(carrier, judged);
  return next;
}

function judgedCarrier(
  carrier: CarrierEntry,
  judged: <Part extends Brought>(part: Part) => Part,
): CarrierEntry {
  const next = carrier.load ? judged(carrier) : { ...carrier };
  const given = Object.entries(carrier.given ?? {})
    .map(([name, one]) => [name, judged(one)] as const)
    .filter(([, one]) => !one.claimed);
  delete next.given;
  return given.length > 0 ? { ...next, given: Object.fromEntries(given) } : next;
}

/** The part with these marks in place of its own. */
export function withMarks<Part extends Brought>(part: Part, { by, claimed }: Brought): Part {
  const next: Part = { ...part };
  delete next.claimed;
  delete next.by;
  const marked: Brought = next;
  if (by !== undefined) marked.by = by;
  if (claimed) marked.claimed = claimed;
  return next;
}
