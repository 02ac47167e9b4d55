/** Numbers from 0 to 1, and choices by them. */
export interface Random {
  (): number;
  of<Item>(items: readonly Item[]): Item;
}

/** Mulberry32: the same numbers for the same seed. */
export function randomOf(seed: number): Random {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const of = <Item>(items: readonly Item[]): Item => {
    const item = items[Math.floor(items.length * next())];
    if (item === undefined) throw new RangeError('there is nothing to choose from');
    return item;
  };
  return Object.assign(next, { of });
}
