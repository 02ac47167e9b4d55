import type { InlineSite } from '@btf-depot/contracts';
import { AnswerRoom, type Steps } from '../answer-room.ts';
import { DepotError } from '../../errors.ts';
import { describeSite } from './describe-site.ts';
import type { SiteSource } from './site-source.ts';

/** The question: the sites of a function, or those at an address. */
export type SiteQuestion = ({ function: string } | { address: bigint }) & {
  /** Most sites of one answer. */
  limit: number;
  /** Sites on the pages before. */
  skip: number;
};

/**
 * Sites by section and offset; at one place, the outermost call first. `more`: further sites exist,
 * beyond the limit or the room.
 * @throws DepotError `unknown-function` with similar names.
 */
export function* askSites(
  source: SiteSource,
  question: SiteQuestion,
  room = new AnswerRoom(),
): Steps<{ sites: InlineSite[]; more: boolean }> {
  const { limit, skip } = question;
  const numbers =
    'function' in question ? ofFunction(source, question.function) : at(source, question.address);
  const sites: InlineSite[] = [];
  for (const number of numbers.slice(skip, skip + limit)) {
    if (sites.length > 0 && room.isFull) break;
    const site = describeSite(source, number);
    room.take(site.function, site.section);
    for (const { name, type, where } of site.parameters) room.take(name, type, where);
    sites.push(site);
    yield;
  }
  return { sites, more: skip + sites.length < numbers.length };
}

function ofFunction(source: SiteSource, name: string): Uint32Array {
  const numbers = source.table.ofFunction(name);
  if (numbers.length > 0) return numbers;
  const suggestions = source.nearNames(name);
  const near = suggestions.length > 0 ? `; near it: ${suggestions.join(', ')}` : '';
  throw new DepotError('unknown-function', `no call of ${name} is inlined${near}`, {
    members: { suggestions },
  });
}

function at({ table, map }: SiteSource, address: bigint): readonly number[] {
  const place = map?.locate(address);
  return place ? table.at(place.section, place.offset) : [];
}
