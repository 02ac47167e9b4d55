import type { InlineSite } from '@btf-depot/contracts';
import { DepotError } from '../errors.ts';
import { nearNames } from '../variables/near-names.ts';
import { describeSite } from './describe-site.ts';
import type { SiteSource } from './site-source.ts';

/** What is asked for: the sites of a function, or those at an address. */
export type SiteQuestion = ({ function: string } | { address: bigint }) & {
  /** Most sites of one answer. */
  limit: number;
  /** Sites that earlier answers had. */
  skip: number;
};

/**
 * Sites by section and offset; of one place, the outermost call first. `more`: there are others
 * behind these.
 * @throws DepotError `unknown-function` with the names that are near.
 */
export function askSites(
  source: SiteSource,
  question: SiteQuestion,
): { sites: InlineSite[]; more: boolean } {
  const { limit, skip } = question;
  const numbers =
    'function' in question ? ofFunction(source, question.function) : at(source, question.address);
  const sites = Array.from(numbers.slice(skip, skip + limit), (number) =>
    describeSite(source, number),
  );
  return { sites, more: skip + sites.length < numbers.length };
}

function ofFunction({ table }: SiteSource, name: string): Uint32Array {
  const numbers = table.ofFunction(name);
  if (numbers.length > 0) return numbers;
  const suggestions = nearNames(table.names, name);
  const near = suggestions.length > 0 ? `; near it: ${suggestions.join(', ')}` : '';
  throw new DepotError('unknown-function', `no call of ${name} is inlined${near}`, {
    members: { suggestions },
  });
}

function at({ table, map }: SiteSource, address: bigint): number[] {
  const place = map?.locate(address);
  return place ? table.at(place.section, place.offset) : [];
}
