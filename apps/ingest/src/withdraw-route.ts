import { isBuildId, statusOf } from '@btf-depot/contracts';
import {
  DepotError,
  LOCAL_ACTOR,
  withdraw,
  type Clock,
  type RecordStore,
  type TokenGuard,
} from '@btf-depot/depot';
import { onlyMethods, readJson, type Logger } from '@btf-depot/service-kit';
import { Router } from 'express';
import { z } from 'zod';

export interface WithdrawRouteDeps {
  records: RecordStore;
  clock: Clock;
  /** Told who withdrew what. */
  audit: Logger;
  /** Absent: anybody may. */
  guard?: TokenGuard;
}

const bodySchema = z.strictObject({
  reason: z.string().trim().min(1).max(500),
  internal: z.string().max(5000).exactOptional(),
});

/** Bytes. */
const BODY_LIMIT = 32 * 1024;

/** `DELETE /v1/kernels/{id}` with `{"reason", "internal"}`: withdraws a kernel. */
export function withdrawRoute({ records, clock, audit, guard }: WithdrawRouteDeps): Router {
  const router = Router();
  const route = router.route('/v1/kernels/:buildId');
  route.delete(async (request, response) => {
    const holder = await guard?.authenticate(request.headers.authorization);
    const { buildId } = request.params;
    if (!isBuildId(buildId)) throw new DepotError('bad-build-id', 'not a build ID');
    const { reason, internal } = await readJson(request, bodySchema, BODY_LIMIT);
    const withdrawal = {
      reason,
      ...(internal !== undefined && { internal }),
      at: clock.now().toISOString(),
      ...(holder && { by: holder.id }),
    };
    const record = await withdraw(records, buildId, withdrawal, holder ?? LOCAL_ACTOR);
    const requestId: unknown = response.locals.requestId;
    audit.info({ requestId, buildId, reason, by: holder?.id, byName: holder?.name }, 'withdrawn');
    response.json(statusOf(record));
  });
  route.all(onlyMethods('GET, HEAD, DELETE'));
  return router;
}
