import {
  recordPath,
  kernelPath,
  MAX_LOOKED_UP,
  searchAnswerSchema,
  STATIC_INDEX,
  type KernelSummary,
  type LookupAnswer,
  type SearchAnswer,
} from '@btf-depot/contracts';
import { ProblemError } from './problem-error.ts';

/**
 * A depot that is only files, as `btfdepot export` writes them: nothing answers there, so what a
 * depot would look for is looked for here, in the list of all kernels.
 */

/** Asks one depot for a path. @throws ProblemError for what is not there. */
type Get = (path: string) => Promise<Response>;

/** What a server that knows of no depot says of a path. */
export function isNoDepot(error: unknown): error is ProblemError {
  return error instanceof ProblemError && error.code === 'not-a-depot';
}

/**
 * A kernel's record: of a file, of a depot, or of one before version 0.2, which knows the record's
 * path only.
 * @throws ProblemError `unknown-build-id`, also where only an export can say so.
 */
export async function getRecord(get: Get, buildId: string): Promise<Response> {
  try {
    return await get(recordPath(buildId));
  } catch (error) {
    if (!(error instanceof ProblemError) || error.status !== 404) throw error;
    if (error.code === 'unknown-build-id') throw error;
    if (!isNoDepot(error)) return get(kernelPath(buildId));
    if (!(await staticKernels(get))) throw error;
    throw new ProblemError({
      code: 'unknown-build-id',
      status: 404,
      title: 'No kernel of this build ID',
      detail: `the export has no kernel of build ID ${buildId}`,
    });
  }
}

/** The kernels of an export; undefined if it is none. */
export async function staticKernels(get: Get): Promise<KernelSummary[] | undefined> {
  try {
    return searchAnswerSchema.parse(await (await get(STATIC_INDEX)).json()).kernels;
  } catch {
    return undefined;
  }
}

interface Asked {
  distro?: string | undefined;
  arch?: string | undefined;
  release?: string | undefined;
  buildId?: string | undefined;
}

/** As a depot answers a search by build ID. @param page the last build ID of the page before. */
export function searchStatic(
  kernels: readonly KernelSummary[],
  { distro, arch, release = '', buildId = '' }: Asked,
  { limit = 100, page = '' }: { limit?: number | undefined; page?: string | undefined },
): SearchAnswer {
  const found = kernels.filter(
    (kernel) =>
      kernel.buildId > page &&
      kernel.buildId.startsWith(buildId) &&
      (distro === undefined || kernel.distro === distro) &&
      (arch === undefined || kernel.arch === arch) &&
      (kernel.release ?? '').startsWith(release),
  );
  const some = found.slice(0, limit);
  return { kernels: some, next: found.length > limit ? some.at(-1)?.buildId : undefined };
}

/** As a depot answers many at once. */
export function lookUpStatic(
  kernels: readonly KernelSummary[],
  { buildIds = [], releases = [] }: { buildIds?: string[]; releases?: string[] },
): LookupAnswer {
  const answer: LookupAnswer = { have: [], missing: [], ambiguous: [] };
  const tell = (asked: string, found: KernelSummary[]) => {
    if (found.length > 1) answer.ambiguous.push({ asked, kernels: found.slice(0, MAX_LOOKED_UP) });
    else if (found[0]) answer.have.push({ asked, kernel: found[0] });
    else answer.missing.push(asked);
  };
  const byId = Map.groupBy(kernels, (kernel) => kernel.buildId);
  const byRelease = Map.groupBy(kernels, ({ release = '' }) => release);
  for (const buildId of buildIds) tell(buildId, byId.get(buildId) ?? []);
  for (const release of releases) tell(release, byRelease.get(release) ?? []);
  return answer;
}
