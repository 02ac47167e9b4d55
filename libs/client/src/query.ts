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
 * prefix is asked for as one: depots of older versions know nothing else.
 */
export function byName(names: string): { prefix: string } | { match: string } {
  const beginning = names.replace(/\*+$/, '');
  return /[*?]/.test(beginning) ? { match: names } : { prefix: beginning };
}
