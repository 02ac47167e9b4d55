import { withMarks } from './claim-others.ts';
import type { Ruling } from './ownership.ts';

interface Part {
  sha256: string;
  by?: string;
  claimed?: true;
}

export interface Settling<Entry> {
  ruling: Ruling;
  /** Called with the name of a part that another principal's replaces. */
  kept: string[];
  /** Of two from one principal: whether the new one may replace the old one. */
  isNoWorse: (next: Entry, old: Entry) => boolean;
}

/** Decides which of two parts a record has after an upload, and its sender. */
export function settle<Entry extends Part>(
  name: string,
  old: Entry | undefined,
  found: Entry | undefined,
  { ruling, kept, isNoWorse }: Settling<Entry>,
): Entry | undefined {
  if (!found) return old;
  if (old?.sha256 === found.sha256) {
    return ruling.rules && old.claimed ? withMarks(old, ruling.marks) : old;
  }
  const verdict = ruling.over(old);
  if (verdict === 'keep') kept.push(name);
  const isSet = verdict === 'set' || (verdict === 'better' && old && isNoWorse(found, old));
  return isSet ? withMarks(found, ruling.marks) : old;
}
