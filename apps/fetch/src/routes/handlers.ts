import type { FETCH_ROUTES } from '@btf-depot/contracts/routes';
import type { Handlers } from '@btf-depot/service-kit';

/** What answers each of the routes of fetch: `createFetch` has them all. */
export type FetchHandlers = Handlers<typeof FETCH_ROUTES>;
