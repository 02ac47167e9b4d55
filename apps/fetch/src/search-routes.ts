import { lookupRequestSchema, type KernelSummary } from '@btf-depot/contracts';
import { DepotError, lookUpKernels, searchKernels, summaryOf } from '@btf-depot/depot';
import { clientOf, onlyMethods, readJson, readQuery } from '@btf-depot/service-kit';
import { Router, type Request } from 'express';
import { z } from 'zod';
import type { HeldMemory } from './blobs/held-memory.ts';
import { sendJson } from './blobs/send-bytes.ts';
import type { KernelList } from './kernel-list.ts';
import { COSTS, type Budget } from './clients/budget.ts';
import type { Wanted } from './clients/wanted.ts';
import { pageLimit } from './page-limit.ts';
import type { RecentRecords } from './recent-records.ts';

/** A thousand build IDs and a thousand releases. */
const MAX_LOOKUP_BODY = 512 * 1024;

const word = z.string().min(1).max(128).exactOptional();
const hex = z.string().regex(/^[0-9a-f]{1,128}$/, { error: 'expected lowercase hexadecimal' });

const searchQuery = z.strictObject({
  distro: word,
  release: word,
  arch: word,
  buildId: hex.exactOptional(),
  limit: pageLimit,
  page: hex.exactOptional(),
});

export interface SearchRoutesDeps {
  records: RecentRecords;
  kernelList: KernelList;
  wanted: Wanted;
  held: HeldMemory;
  budget: Budget;
}

/** `GET /v1/kernels` by what is known of a kernel, and `POST /v1/kernels/lookup` of many. */
export function searchRoutes({
  records,
  kernelList,
  wanted,
  held,
  budget,
}: SearchRoutesDeps): Router {
  const router = Router();
  const search = router.route('/v1/kernels');
  search.get(async (request, response) => {
    const query = readQuery(request.query, searchQuery);
    budget.spend(request, COSTS.search);
    const kernels = await kernelList.kernels();
    response.setHeader('Cache-Control', 'no-cache');
    const answer = charging(budget, request, () => searchKernels(kernels, query));
    sendJson(response, answer, held);
  });
  search.all(onlyMethods('GET, HEAD'));

  const lookup = router.route('/v1/kernels/lookup');
  lookup.post(async (request, response) => {
    const asked = await readJson(request, lookupRequestSchema, MAX_LOOKUP_BODY);
    const kernels = await kernelList.kernels();
    const unknown = [...new Set(asked.buildIds)].filter((buildId) => !kernelList.get(buildId));
    budget.spend(request, COSTS.search + unknown.length * COSTS.lookedUp);
    const newer = await readThem(records, unknown);
    const byBuildId = (buildId: string) => kernelList.get(buildId) ?? newer.get(buildId);
    response.setHeader('Cache-Control', 'no-store');
    const answer = charging(budget, request, () => lookUpKernels(kernels, byBuildId, asked));
    const ids = new Set(asked.buildIds);
    for (const missing of answer.missing) {
      if (ids.has(missing)) wanted.count(missing, 'unknown-build-id', clientOf(request));
    }
    sendJson(response, answer, held);
  });
  return router;
}

/** Nothing else runs in this thread meanwhile: the time on the clock is what it took. */
function charging<Answer>(
  budget: Budget,
  request: Pick<Request, 'ip'>,
  work: () => Answer,
): Answer {
  const started = performance.now();
  const answer = work();
  budget.charge(clientOf(request), performance.now() - started);
  return answer;
}

/** Who has just sent a kernel must not be told that it is missing: those records are looked for. */
async function readThem(
  records: RecentRecords,
  buildIds: readonly string[],
): Promise<Map<string, KernelSummary>> {
  const unknown = [...buildIds];
  const newer = new Map<string, KernelSummary>();
  const readNext = async (): Promise<void> => {
    for (let buildId = unknown.pop(); buildId !== undefined; buildId = unknown.pop()) {
      try {
        newer.set(buildId, summaryOf(await records.get(buildId)));
      } catch (error) {
        if (!(error instanceof DepotError) || error.code !== 'unknown-build-id') throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: 16 }, readNext));
  return newer;
}
