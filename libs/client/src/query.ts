/** The query of a URL, without the parameters that have no value. */
export function query(parameters: Record<string, string | undefined>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== '') search.set(name, value);
  }
  return search.size > 0 ? `?${search.toString()}` : '';
}

/**
 * What asks for names: a prefix, or a pattern with `*` and `?`. A pattern that is no more than a
 * prefix is asked for as one: depots of older versions know nothing else. What is neither is for the
 * depot to refuse.
 */
export function byName(names: string): { prefix: string } | { match: string } {
  const beginning = names.replace(/\*+$/, '');
  return /^[\w$.]*$/.test(beginning) ? { prefix: beginning } : { match: names };
}
