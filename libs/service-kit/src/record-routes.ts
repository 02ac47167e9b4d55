import {
  isBuildId,
  statusOf,
  statusOfSplitting,
  type KernelRecord,
  type StatusAnswer,
} from '@btf-depot/contracts';
import { DepotError, refuseWithdrawn, type Underway } from '@btf-depot/depot';
import { Router, type Response } from 'express';
import { eventRoutes } from './event-routes.ts';
import { onlyMethods } from './problems.ts';

const KERNEL = '/v1/kernels/:buildId';

/**
 * `GET /v1/kernels/{id}`, its status, and that as events: what every service with the record store
 * can answer.
 * @param newest the record as it is now; undefined: there is none.
 * @param underway what is being split here; absent where nothing is.
 */
export function recordRoutes(
  newest: (buildId: string) => Promise<KernelRecord | undefined>,
  underway?: Underway,
): Router {
  const router = Router();
  const findRecord = async (buildId: string): Promise<KernelRecord | undefined> => {
    if (!isBuildId(buildId)) throw new DepotError('bad-build-id', 'not a build ID');
    return newest(buildId);
  };
  /** Records change with every revision, so whoever keeps an answer asks again before using it. */
  const isToBeAskedAgain = (response: Response) => response.setHeader('Cache-Control', 'no-cache');
  const unknown = (buildId: string) =>
    new DepotError('unknown-build-id', `no kernel of build ID ${buildId}`);
  const kernel = router.route(KERNEL);
  kernel.get(async (request, response) => {
    const { buildId } = request.params;
    isToBeAskedAgain(response);
    const record = await findRecord(buildId);
    if (!record) throw unknown(buildId);
    refuseWithdrawn(record);
    response.json(record);
  });
  kernel.all(onlyMethods('GET, HEAD'));
  const findStatus = async (buildId: string): Promise<StatusAnswer> => {
    const record = await findRecord(buildId);
    const progress = underway?.get(buildId);
    if (record) return statusOf(record, progress);
    if (progress) return statusOfSplitting(buildId, progress);
    throw unknown(buildId);
  };
  const status = router.route(`${KERNEL}/status`);
  status.get(async (request, response) => {
    isToBeAskedAgain(response);
    response.json(await findStatus(request.params.buildId));
  });
  status.all(onlyMethods('GET, HEAD'));
  router.use(eventRoutes(findStatus));
  return router;
}
