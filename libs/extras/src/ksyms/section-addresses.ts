import { FormatError } from '@btf-depot/bytes';
import type { NamedSymbol } from './ksyms-symbols.ts';
import { PER_CPU_SECTION, type Variable } from '../variables/variables.ts';

/**
 * The share of variables that must lie at the symbol of their name, if it is one symbol. Real pairs
 * of BTF and symbols reach 0.999: a variable may have the name of a function.
 */
const AGREEMENT = 0.98;

/**
 * Addresses of the variables' sections: for each section the address that most of its variables and
 * their symbols agree on. Addresses of an ELF file may be shifted by one distance, as in kallsyms
 * of a relocated kernel. Throws FormatError `symbols-foreign` if too many disagree: the symbols are
 * of another build.
 */
export function sectionAddresses(
  variables: readonly Variable[],
  symbols: ReadonlyMap<string, NamedSymbol>,
  linked: ReadonlyMap<string, bigint> | undefined,
): ReadonlyMap<string, bigint> {
  // With an ELF file all sections vote together on one shift.
  const votes = new Map<string, Map<bigint, number>>();
  // Of several variables with one name, the one symbol is only one of them.
  const once = new Map<string, boolean>();
  for (const { name } of variables) once.set(name, !once.has(name));
  const placed = variables.flatMap(({ name, place }) => {
    const symbol = symbols.get(name);
    const start = linked ? place && linked.get(place.section) : 0n;
    if (!place || place.section === PER_CPU_SECTION || start === undefined) return [];
    if (symbol?.count !== 1 || once.get(name) !== true) return [];
    return [
      { poll: linked ? '' : place.section, vote: symbol.address - start - BigInt(place.offset) },
    ];
  });
  for (const { poll, vote } of placed) {
    const counts = votes.get(poll) ?? new Map<bigint, number>();
    votes.set(poll, counts.set(vote, (counts.get(vote) ?? 0) + 1));
  }
  const winners = new Map([...votes].map(([poll, of]) => [poll, mostVoted(of)]));
  const agreed = placed.filter(({ poll, vote }) => winners.get(poll) === vote).length;
  if (agreed < placed.length * AGREEMENT) {
    const message = `${agreed} of ${placed.length} variables lie where symbols of their name are`;
    throw new FormatError('symbols-foreign', message);
  }
  if (!linked) return winners;
  const shift = winners.get('') ?? 0n;
  return new Map([...linked].map(([section, address]) => [section, address + shift]));
}

function mostVoted(votes: ReadonlyMap<bigint, number>): bigint {
  const [[winner]] = [...votes].sort(([, a], [, b]) => b - a);
  return winner;
}
