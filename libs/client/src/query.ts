/** The query of a URL, without parameters that have no value. */
export function query(parameters: Record<string, string | undefined>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== '') search.set(name, value);
  }
  return search.size > 0 ? `?${search.toString()}` : '';
}

/**
 * The filter for names: a prefix, or a pattern with `*` and `?`. A pattern that is only a prefix is
 * sent as one, since older depots know nothing else. The depot refuses anything else.
 */
export function byName(names: string): { prefix: string } | { match: string } {
  const beginning = names.replace(/\*+$/, '');
  return /^[\w$.]*$/.test(beginning) ? { prefix: beginning } : { match: names };
}
