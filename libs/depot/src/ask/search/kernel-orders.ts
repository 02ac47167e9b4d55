import type { KernelOrder, KernelSummary } from '@btf-depot/contracts';

/** A kernel at its place in an order: by key, then by build ID. */
export interface OrderedKernel {
  kernel: KernelSummary;
  key: string;
}

/** Significant characters of a release or a date. */
const KEY_LENGTH = 128;

/** The key of each order that has the newest first. */
const KEYS = {
  release: ({ release = '' }) => release.slice(0, KEY_LENGTH),
  sent: ({ uploadedAt = '' }) => uploadedAt,
} satisfies Record<Exclude<KernelOrder, 'buildId'>, (kernel: KernelSummary) => string>;

type Order = keyof typeof KEYS;

/** Made once for each list: 10,000 kernels take some tens of milliseconds. */
const made = new WeakMap<readonly KernelSummary[], Map<Order, readonly OrderedKernel[]>>();

/** The kernels of a list, the newest first. */
export function inOrder(kernels: readonly KernelSummary[], order: Order): readonly OrderedKernel[] {
  const orders = made.get(kernels) ?? new Map<Order, readonly OrderedKernel[]>();
  made.set(kernels, orders);
  let ordered = orders.get(order);
  if (!ordered) {
    const keyOf = KEYS[order];
    ordered = kernels
      .map((kernel) => ({ kernel, key: keyOf(kernel), rank: rankOf(order, keyOf(kernel)) }))
      .sort((a, b) => compare(a.rank, a.kernel.buildId, b.rank, b.kernel.buildId))
      .map(({ kernel, key }) => ({ kernel, key }));
    orders.set(order, ordered);
  }
  return ordered;
}

/** Names a place in an order, which is still found after kernels came or went. */
export function placeName({ kernel, key }: OrderedKernel): string {
  return `${kernel.buildId}~${key}`;
}

/** The first kernel after that place. */
export function seekBehind(ordered: readonly OrderedKernel[], order: Order, place: string): number {
  const [, buildId = '', key = ''] = /^([^~]*)~?([^]*)$/.exec(place) ?? [];
  const rank = rankOf(order, key);
  let low = 0;
  let high = ordered.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const { kernel, key: own } = ordered[middle];
    if (compare(rankOf(order, own), kernel.buildId, rank, buildId) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Below zero if the first comes first: the larger rank, else the smaller build ID. */
function compare(rank: string, buildId: string, otherRank: string, otherId: string): number {
  if (rank !== otherRank) return rank > otherRank ? -1 : 1;
  return buildId === otherId ? 0 : buildId < otherId ? -1 : 1;
}

/**
 * A text whose order is the order of releases: numbers by value (6.9 before 6.12), a release
 * candidate before the release itself.
 */
function rankOf(order: Order, key: string): string {
  if (order !== 'release') return key;
  const numbered = key.replace(/\d+/g, (digits) => digits.padStart(10, '0'));
  return `${numbered.replace(/-?rc(?=\d)/, '\u0001')}\u0002`;
}
