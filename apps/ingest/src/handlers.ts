import type { INGEST_ROUTES } from '@btf-depot/contracts/routes';
import type { Handlers } from '@btf-depot/service-kit';

/** What answers each of the routes of build ingest: `createIngest` has them all. */
export type IngestHandlers = Handlers<typeof INGEST_ROUTES>;
