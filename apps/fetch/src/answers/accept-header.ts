/**
 * The offer that a client prefers, by a header of weighted choices such as Accept or
 * Accept-Encoding (RFC 9110, 12.4.2); of equal ones, the first offer. `*` stands for any, `type/*`
 * for any of that type. Undefined if it takes none of them.
 */
export function preferred<Offer extends string>(
  header: string,
  offers: readonly Offer[],
): Offer | undefined {
  const weights = new Map<string, number>();
  for (const choice of header.toLowerCase().split(',', 64)) {
    const [name = '', ...parameters] = choice.split(';').map((part) => part.trim());
    const q = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    weights.set(name, q === undefined ? 1 : Number(q) || 0);
  }
  let best: Offer | undefined;
  let most = 0;
  for (const offer of offers) {
    const weight =
      weights.get(offer) ??
      weights.get(offer.replace(/\/.*/, '/*')) ??
      weights.get('*/*') ??
      weights.get('*') ??
      0;
    if (weight > most) [best, most] = [offer, weight];
  }
  return best;
}
