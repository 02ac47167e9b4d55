import type { KernelSummary } from '@btf-depot/contracts';
import { FETCH_ROUTES } from '@btf-depot/contracts/routes';
import {
  DepotError,
  forEachAtMost,
  lookUpKernels,
  searchKernels,
  summaryOf,
} from '@btf-depot/depot';
import { clientOf } from '@btf-depot/service-kit';
import type { Request } from 'express';
import type { HeldMemory } from '../blobs/held-memory.ts';
import { sendJson } from '../blobs/send-bytes.ts';
import type { Budget } from '../clients/budget.ts';
import type { WantedKernels } from '../clients/wanted-kernels.ts';
import type { KernelList } from '../records/kernel-list.ts';
import type { RecentRecords } from '../records/recent-records.ts';
import type { FetchHandlers } from './handlers.ts';

/** Of a look-up that needs no list. */
const WHOLE: Pick<KernelList, 'incomplete' | 'unreadable'> = {
  incomplete: undefined,
  unreadable: undefined,
};

/** Records that one lookup reads at one time. */
const READERS = 16;

export interface SearchDeps {
  records: RecentRecords;
  kernelList: KernelList;
  wanted: WantedKernels;
  held: HeldMemory;
  budget: Budget;
}

/** Search kernels, and many at once. */
export function searchHandlers({
  records,
  kernelList,
  wanted,
  held,
  budget,
}: SearchDeps): Pick<FetchHandlers, 'search' | 'lookup'> {
  const { search, lookup } = FETCH_ROUTES;
  return {
    async search({ request, response, query }) {
      const asked = query();
      budget.spend(request, search.price);
      const kernels = await kernelList.kernels();
      const { incomplete, unreadable } = kernelList;
      response.setHeader('Cache-Control', 'no-cache');
      const answer = charging(budget, request, () => searchKernels(kernels, asked));
      sendJson(response, { ...answer, incomplete, unreadable }, held);
    },
    async lookup({ request, response, body }) {
      const asked = await body();
      const byRelease = asked.releases.length > 0;
      // Requests for build IDs alone need not wait until all records are read.
      const kernels = byRelease ? await kernelList.kernels() : [];
      const { incomplete, unreadable } = byRelease ? kernelList : WHOLE;
      const unknown = [...new Set(asked.buildIds)].filter((buildId) => !kernelList.get(buildId));
      budget.spend(request, lookup.price + unknown.length * lookup.priceEach);
      const newer = await readThem(records, unknown);
      const byBuildId = (buildId: string) => kernelList.get(buildId) ?? newer.get(buildId);
      response.setHeader('Cache-Control', 'no-store');
      const answer = charging(budget, request, () => lookUpKernels(kernels, byBuildId, asked));
      const ids = new Set(asked.buildIds);
      for (const missing of answer.missing) {
        if (ids.has(missing)) wanted.count(missing, 'unknown-build-id', clientOf(request));
      }
      sendJson(response, { ...answer, incomplete, unreadable }, held);
    },
  };
}

/** Nothing else runs in this thread meanwhile, so wall time is processor time. */
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

/** A sender must not be told that its new kernel is missing: such records are read. */
async function readThem(
  records: RecentRecords,
  buildIds: readonly string[],
): Promise<Map<string, KernelSummary>> {
  const newer = new Map<string, KernelSummary>();
  await forEachAtMost(READERS, buildIds, async (buildId) => {
    try {
      newer.set(buildId, summaryOf(await records.get(buildId)));
    } catch (error) {
      if (!(error instanceof DepotError) || error.code !== 'unknown-build-id') throw error;
    }
  });
  return newer;
}
