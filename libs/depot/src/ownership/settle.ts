import { withMarks } from './claim-others.ts';
import type { Ruling } from './ownership.ts';

interface Part {
  sha256: string;
  by?: string;
  claimed?: true;
}

export interface Settling<Entry> {
  ruling: Ruling;
  /** Gets the name of a part that gives way to another principal's. */
  kept: string[];
  /** Of two of one principal: whether the new one may take the place of the old one. */
  isNoWorse: (next: Entry, old: Entry) => boolean;
}

/** Which of two parts a record has after an upload, and who brought it. */
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
