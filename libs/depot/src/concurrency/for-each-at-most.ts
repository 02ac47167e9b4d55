/**
 * Works on all items, at most so many at one time, which begin in the order of the items.
 * @throws what the first that fails throws, at once; the others go on.
 */
export async function forEachAtMost<Item>(
  limit: number,
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  // One iterator for all: each takes the next item when it is free.
  const rest = items.values();
  const workOn = async (): Promise<void> => {
    for (const item of rest) await work(item);
  };
  await Promise.all(Array.from({ length: limit }, workOn));
}
