import type { INGEST_ROUTES } from '@btf-depot/contracts/routes';
import type { Handlers } from '@btf-depot/service-kit';

/** The handlers of ingest's routes: `createIngest` has them all. */
export type IngestHandlers = Handlers<typeof INGEST_ROUTES>;
