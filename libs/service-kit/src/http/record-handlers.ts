import {
  statusOf,
  statusOfPulling,
  statusOfSplitting,
  writtenRecord,
  type KernelRecord,
  type PullAnswer,
  type StatusAnswer,
} from '@btf-depot/contracts';
import type { RECORD_ROUTES } from '@btf-depot/contracts/routes';
import { refuseWithdrawn, requireBuildId, unknownKernel, type Underway } from '@btf-depot/depot';
import type { Response } from 'express';
import { eventHandler } from './event-handler.ts';
import type { Handlers } from './serve-routes.ts';

/**
 * A kernel's record, its status, and that as events: what every service with the record store can
 * answer.
 * @param newest the record as it is now; undefined: there is none.
 * @param underway what is being split here; absent where nothing is.
 * @param pulling what is being fetched from upstreams; undefined: it is not.
 */
export function recordHandlers(
  newest: (buildId: string) => Promise<KernelRecord | undefined>,
  underway?: Underway,
  pulling?: (buildId: string) => Promise<PullAnswer | undefined>,
): Handlers<typeof RECORD_ROUTES> {
  const findRecord = async (buildId: string): Promise<KernelRecord | undefined> => {
    requireBuildId(buildId);
    return newest(buildId);
  };
  /** Records change with every revision, so a cached answer must be revalidated. */
  const isToBeAskedAgain = (response: Response) => response.setHeader('Cache-Control', 'no-cache');
  const findStatus = async (buildId: string): Promise<StatusAnswer> => {
    const record = await findRecord(buildId);
    const progress = underway?.get(buildId);
    const isGone = record?.withdrawal?.expired === true;
    const pull = await pulling?.(buildId);
    if (record && !(isGone && pull)) return { ...statusOf(record, progress), pull };
    if (pull) return statusOfPulling(buildId, pull);
    if (progress) return statusOfSplitting(buildId, progress);
    throw unknownKernel(buildId);
  };
  const answerRecord: Handlers<typeof RECORD_ROUTES>['record' | 'recordFile'] = async ({
    response,
    params: { buildId },
  }) => {
    isToBeAskedAgain(response);
    const record = await findRecord(buildId);
    if (!record) throw unknownKernel(buildId);
    refuseWithdrawn(record);
    response.json(writtenRecord(record));
  };
  return {
    record: answerRecord,
    recordFile: answerRecord,
    async status({ response, params: { buildId } }) {
      isToBeAskedAgain(response);
      response.json(await findStatus(buildId));
    },
    events: eventHandler(findStatus),
  };
}
