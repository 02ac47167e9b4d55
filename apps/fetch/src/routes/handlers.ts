import type { FETCH_ROUTES } from '@btf-depot/contracts/routes';
import type { Handlers } from '@btf-depot/service-kit';

/** The handlers of fetch's routes: `createFetch` has them all. */
export type FetchHandlers = Handlers<typeof FETCH_ROUTES>;
