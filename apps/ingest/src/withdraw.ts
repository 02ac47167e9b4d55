import { statusOf } from '@btf-depot/contracts';
import {
  LOCAL_ACTOR,
  requireBuildId,
  withdraw,
  type Clock,
  type RecordStore,
  type TokenGuard,
} from '@btf-depot/depot';
import type { Logger } from '@btf-depot/service-kit';
import type { IngestHandlers } from './handlers.ts';

export interface WithdrawDeps {
  records: RecordStore;
  clock: Clock;
  /** Gets an entry for each withdrawal. */
  audit: Logger;
  /** Absent: anybody may withdraw. */
  guard?: TokenGuard | undefined;
}

/** Withdraws a kernel. */
export function withdrawHandler({
  records,
  clock,
  audit,
  guard,
}: WithdrawDeps): IngestHandlers['withdraw'] {
  return async ({ request, response, params: { buildId }, body }) => {
    const holder = await guard?.authenticate(request.headers.authorization);
    requireBuildId(buildId);
    const { reason, internal } = await body();
    const withdrawal = { reason, internal, at: clock.now().toISOString(), by: holder?.id };
    const record = await withdraw(records, buildId, withdrawal, holder ?? LOCAL_ACTOR);
    const requestId: unknown = response.locals.requestId;
    audit.info({ requestId, buildId, reason, by: holder?.id, byName: holder?.name }, 'withdrawn');
    response.json(statusOf(record));
  };
}
