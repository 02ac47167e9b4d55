import { isBuildId, statusOf, statusOfSplitting, type KernelRecord } from '@btf-depot/contracts';
import { DepotError, refuseWithdrawn, type RecordStore, type Underway } from '@btf-depot/depot';
import { Router, type Response } from 'express';

const KERNEL = '/v1/kernels/:buildId';

/**
 * `GET /v1/kernels/{id}` and its status: what every service with the record store can answer.
 * @param underway what is being split here; absent where nothing is.
 */
export function recordRoutes(records: RecordStore, underway?: Underway): Router {
  const router = Router();
  const findRecord = async (
    buildId: string,
    response: Response,
  ): Promise<KernelRecord | undefined> => {
    // Records change with every revision, so whoever keeps an answer asks again before using it.
    response.setHeader('Cache-Control', 'no-cache');
    if (!isBuildId(buildId)) throw new DepotError('bad-build-id', 'not a build ID');
    return (await records.get(buildId))?.record;
  };
  const unknown = (buildId: string) =>
    new DepotError('unknown-build-id', `no kernel of build ID ${buildId}`);
  router.get(KERNEL, async (request, response) => {
    const { buildId } = request.params;
    const record = await findRecord(buildId, response);
    if (!record) throw unknown(buildId);
    refuseWithdrawn(record);
    response.json(record);
  });
  router.get(`${KERNEL}/status`, async (request, response) => {
    const { buildId } = request.params;
    const record = await findRecord(buildId, response);
    const progress = underway?.get(buildId);
    if (record) response.json(statusOf(record, progress));
    else if (progress) response.json(statusOfSplitting(buildId, progress));
    else throw unknown(buildId);
  });
  return router;
}
