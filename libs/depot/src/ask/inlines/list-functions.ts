import type { InlinedFunction } from '@btf-depot/contracts';
import { AnswerRoom, type Steps } from '../answer-room.ts';
import { NamePattern } from '../name-pattern.ts';
import type { SiteSource } from './site-source.ts';

/** Which functions a list has. */
export interface FunctionList {
  /** What their names begin with. */
  prefix: string;
  /** What their names fit besides: see NamePattern. */
  match?: string | undefined;
  /** Most functions of one answer. */
  limit: number;
  /** Functions that earlier answers had. */
  skip: number;
}

/** Names that are looked at in one step: some tens of microseconds. */
const NAMES_PER_STEP = 64;

/**
 * Functions that are inlined, by the number of their sites, the largest first. `more`: there are
 * others behind these.
 */
export function* listFunctions(
  { table }: SiteSource,
  { prefix, match = '*', limit, skip }: FunctionList,
  room = new AnswerRoom(),
): Steps<{ functions: InlinedFunction[]; more: boolean }> {
  const pattern = new NamePattern(match);
  const functions: InlinedFunction[] = [];
  let passed = 0;
  for (const [at, { name, sites }] of table.functions.entries()) {
    if (at % NAMES_PER_STEP === 0) yield;
    if (!name.startsWith(prefix) || !pattern.fits(name)) continue;
    if (passed++ < skip) continue;
    if (functions.length === limit || (functions.length > 0 && room.isFull)) {
      return { functions, more: true };
    }
    room.take(name);
    functions.push({ name, sites });
  }
  return { functions, more: false };
}
