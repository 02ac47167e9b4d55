import { functionNameSchema, siteAddressSchema, type KernelRecord } from '@btf-depot/contracts';
import { DepotError, type SiteQuestion } from '@btf-depot/depot';
import { onlyMethods, readQuery } from '@btf-depot/service-kit';
import { Router } from 'express';
import { z } from 'zod';
import { COSTS } from './clients/budget.ts';
import { kernelKey } from './kernels/kernel-thread.ts';
import { pageLimit } from './page-limit.ts';
import { livingRecord, skipped, type VariableRoutesDeps } from './variable-routes.ts';

const siteQuery = z.strictObject({
  function: functionNameSchema.exactOptional(),
  address: siteAddressSchema.exactOptional(),
  limit: pageLimit,
  page: skipped,
});

/** A kernel's inlined calls: the sites of a function, or those that begin at an address. */
export function siteRoutes({
  records,
  kernels,
  answers,
  send,
}: Omit<VariableRoutesDeps, 'budget' | 'held'>): Router {
  const router = Router();
  const inlines = router.route('/v1/kernels/:buildId/inlines');
  inlines.get(async (request, response) => {
    const question = questionOf(readQuery(request.query, siteQuery));
    const record = await livingRecord(records, request.params.buildId);
    if (!record.inlines) {
      throw new DepotError('no-inlines', `${record.buildId} came without inlined calls`);
    }
    const answer = await answers.get(
      request,
      { key: keyOf(record, question), mediaType: 'application/json', cost: COSTS.page },
      (client) => kernels.ask(record, { do: 'sites', ...question }, client),
    );
    send(request, response, { ...answer, immutable: false });
  });
  inlines.all(onlyMethods('GET, HEAD'));
  return router;
}

function questionOf(query: z.output<typeof siteQuery>): SiteQuestion {
  const { function: name, address, limit, page: skip } = query;
  if ((name === undefined) === (address === undefined)) {
    throw new DepotError('bad-query', 'name a function or an address');
  }
  const asked = name === undefined ? { address: BigInt(hex(address ?? '0')) } : { function: name };
  return { ...asked, limit, skip };
}

function hex(text: string): string {
  return text.startsWith('0x') ? text : `0x${text}`;
}

function keyOf(record: KernelRecord, question: SiteQuestion): string {
  const of = 'function' in question ? question.function : `${question.address}`;
  return `${kernelKey(record)} sites ${of} ${question.limit} ${question.skip}`;
}
