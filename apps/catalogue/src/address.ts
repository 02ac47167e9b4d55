/** Parameters of the page's address, which holds all of its state, so that links can be shared. */
export type Place = Readonly<Partial<Record<PlaceKey, string | undefined>>>;

/**
 * Without `kernel` a search, by `distro`, `release`, `arch` and `buildId`, in the order of `sort`.
 * With it that kernel: its `variables` by prefix or pattern, or one `variable`; its `inlined`
 * functions by prefix or pattern, the calls of one `function` or at an address of `code`. `page`
 * continues a list.
 */
const KEYS = [
  'distro',
  'release',
  'arch',
  'buildId',
  'sort',
  'kernel',
  'variables',
  'variable',
  'inlined',
  'function',
  'code',
  'page',
] as const;

type PlaceKey = (typeof KEYS)[number];

export function placeOf(search: string): Place {
  const parameters = new URLSearchParams(search);
  const place: Partial<Record<PlaceKey, string>> = {};
  for (const key of KEYS) {
    const value = parameters.get(key)?.trim();
    if (value !== undefined) place[key] = value;
  }
  return place;
}

/** A link within the page. */
export function linkTo(place: Place): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(place)) {
    if (value !== undefined) parameters.set(key, value);
  }
  return `?${parameters.toString()}`;
}

/** The depot that served the page; it ends in a slash. */
export const DEPOT = new URL('.', location.href).href;

/** The address of one of the depot's routes, relative to the page. */
export function routeOf(buildId: string, ...path: readonly string[]): string {
  return ['v1/kernels', buildId, ...path.map(encodeURIComponent)].join('/');
}
