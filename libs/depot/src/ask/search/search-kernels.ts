import type {
  KernelOrder,
  KernelRecord,
  KernelSummary,
  LookupAnswer,
  SearchAnswer,
} from '@btf-depot/contracts';
import { inOrder, placeName, seekBehind } from './kernel-orders.ts';

/** The filter of a search; all given conditions must hold. */
export interface KernelQuery {
  distro?: string;
  arch?: string;
  /** Prefix of the release. */
  release?: string;
  /** Prefix of the build ID. */
  buildId?: string;
  /** `buildId` by default. */
  sort?: KernelOrder | undefined;
  limit: number;
  /**
   * The `next` of the previous page: names its last kernel, and that kernel's place in the order.
   */
  page?: string | undefined;
}

/**
 * @param kernels in the order of their build IDs. Pages stay right while kernels come and go. All
 *   kernels are examined: 10,000 take less than a millisecond.
 */
export function searchKernels(
  kernels: readonly KernelSummary[],
  { distro, arch, release = '', buildId = '', sort = 'buildId', limit, page = '' }: KernelQuery,
): SearchAnswer {
  const found: KernelSummary[] = [];
  const isWanted = (kernel: KernelSummary) =>
    kernel.buildId.startsWith(buildId) &&
    (distro === undefined || kernel.distro === distro) &&
    (arch === undefined || kernel.arch === arch) &&
    (kernel.release ?? '').startsWith(release);
  if (sort === 'buildId') {
    for (const kernel of kernels) {
      if (kernel.buildId <= page || !isWanted(kernel)) continue;
      if (found.length === limit) return { kernels: found, next: found[limit - 1].buildId };
      found.push(kernel);
    }
    return { kernels: found };
  }
  const ordered = inOrder(kernels, sort);
  let last = '';
  for (let at = page === '' ? 0 : seekBehind(ordered, sort, page); at < ordered.length; at++) {
    if (!isWanted(ordered[at].kernel)) continue;
    if (found.length === limit) return { kernels: found, next: last };
    found.push(ordered[at].kernel);
    last = placeName(ordered[at]);
  }
  return { kernels: found };
}

/** Most kernels in an answer for one ambiguous release, and for all; at least two for each. */
const MAX_OF_RELEASE = 100;
const MAX_AMBIGUOUS = 2000;
const LEAST = 2;

/**
 * Looks up many at once. A build ID is found or missing; a release may have several kernels, all of
 * which a search lists if they are too many for this answer.
 * @param byBuildId finds one by its build ID.
 */
export function lookUpKernels(
  kernels: readonly KernelSummary[],
  byBuildId: (buildId: string) => KernelSummary | undefined,
  asked: { buildIds: readonly string[]; releases: readonly string[] },
): LookupAnswer {
  const answer: LookupAnswer = { have: [], missing: [], ambiguous: [] };
  const wanted = new Map<string, KernelSummary[]>(asked.releases.map((release) => [release, []]));
  for (const kernel of kernels) wanted.get(kernel.release ?? '')?.push(kernel);
  const byRelease = [...wanted].map(([release, found]) => ({ asked: release, found }));
  const byId = [...new Set(asked.buildIds)].map((buildId) => {
    const kernel = byBuildId(buildId);
    return { asked: buildId, found: kernel ? [kernel] : [] };
  });
  let left = MAX_AMBIGUOUS;
  for (const { asked: name, found } of [...byId, ...byRelease]) {
    if (found.length === 0) answer.missing.push(name);
    else if (found.length === 1) answer.have.push({ asked: name, kernel: found[0] });
    else {
      const kernels = found.slice(0, Math.max(LEAST, Math.min(MAX_OF_RELEASE, left)));
      left -= kernels.length;
      const more = kernels.length < found.length;
      answer.ambiguous.push({ asked: name, kernels, more: more ? true : undefined });
    }
  }
  return answer;
}

/** The fields of a record that searches need. */
export function summaryOf(record: KernelRecord): KernelSummary {
  const { buildId, revision, state, distro, release, arch, parts, uploadedAt } = record;
  return {
    buildId,
    revision,
    state,
    distro,
    release,
    arch,
    variables: parts.vars?.variables,
    uploadedAt,
  };
}
