import { isBuildId, statusOf, type KernelRecord } from '@btf-depot/contracts';
import { DepotError, refuseWithdrawn, type RecordStore } from '@btf-depot/depot';
import { Router, type Response } from 'express';

const KERNEL = '/v1/kernels/:buildId';

/** `GET /v1/kernels/{id}` and its status: what every service with the record store can answer. */
export function recordRoutes(records: RecordStore): Router {
  const router = Router();
  const recordOf = async (buildId: string, response: Response): Promise<KernelRecord> => {
    // Records change with every revision, so whoever keeps an answer asks again before using it.
    response.setHeader('Cache-Control', 'no-cache');
    if (!isBuildId(buildId)) throw new DepotError('bad-build-id', 'not a build ID');
    const stored = await records.get(buildId);
    if (!stored) throw new DepotError('unknown-build-id', `no kernel of build ID ${buildId}`);
    return stored.record;
  };
  router.get(KERNEL, async (request, response) => {
    const record = await recordOf(request.params.buildId, response);
    refuseWithdrawn(record);
    response.json(record);
  });
  router.get(`${KERNEL}/status`, async (request, response) => {
    response.json(statusOf(await recordOf(request.params.buildId, response)));
  });
  return router;
}
