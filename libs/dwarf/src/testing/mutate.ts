import type { DwarfSections } from './build-dwarf.ts';

/**
 * The same sections with one to three changes by the seed: a changed byte, or an early end of a
 * section in `cuts`. Most changes are in the first section.
 */
export function mutate(
  original: DwarfSections,
  seed: number,
  names: readonly string[],
  cuts: boolean,
): DwarfSections {
  // xorshift32: the same mutations in every run, and each can be repeated alone by its seed.
  let state = Math.imul(seed, 0x9e3779b9) | 1;
  const next = (below: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  const sections = { ...original };
  for (let count = next(3); count >= 0; count--) {
    const name = names[next(2) === 0 ? 0 : next(names.length)];
    const bytes = sections[name];
    if (cuts && next(12) === 0) sections[name] = bytes.slice(0, next(bytes.length));
    else if (bytes.length > 0) {
      sections[name] = bytes.with(next(bytes.length), next(4) === 0 ? 0xff : next(256));
    }
  }
  return sections;
}
