import type { InlinedFunction } from '@btf-depot/contracts';
import { AnswerRoom, type Steps } from '../answer-room.ts';
import { NamePattern } from '../name-pattern.ts';
import type { SiteSource } from './site-source.ts';

/** The filter of a list of functions. */
export interface FunctionList {
  /** Prefix of their names. */
  prefix: string;
  /** Pattern of their names, in addition: see NamePattern. */
  match?: string | undefined;
  /** Most functions of one answer. */
  limit: number;
  /** Functions on the pages before. */
  skip: number;
}

/** Names examined in one step: some tens of microseconds. */
const NAMES_PER_STEP = 64;

/**
 * Inlined functions by the number of their sites, largest first. `more`: further functions exist.
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
