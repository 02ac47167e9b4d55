/**
 * The routes of all services, as tables: method, path, schemas, limits, price, problems. The
 * servers' routes and checks, the paths answered from memory, `/openapi.json` and `/docs` are
 * derived from them. To add a route: a line here in the table of its service, and its handler
 * there, which `tsc` asks for.
 */
import { FETCH_ROUTES } from './fetch-routes.ts';
import { HEALTH_ROUTES } from './health-routes.ts';
import { INGEST_ROUTES } from './ingest-routes.ts';
import { RECORD_ROUTES } from './record-routes.ts';
import type { Route } from './route.ts';

export { FETCH_ROUTES } from './fetch-routes.ts';
export { HEALTH_ROUTES } from './health-routes.ts';
export { INGEST_ROUTES, parseExtras } from './ingest-routes.ts';
export { openApiDocument } from './openapi-document.ts';
export { RECORD_ROUTES } from './record-routes.ts';
export {
  anyPath,
  pathOfAny,
  plainPath,
  type PathParameter,
  type Route,
  type RouteTable,
} from './route.ts';

/** Every route for clients, of any service. */
export const ROUTES: readonly Route[] = [
  ...Object.values<Route>(FETCH_ROUTES),
  ...Object.values<Route>(RECORD_ROUTES),
  ...Object.values<Route>(INGEST_ROUTES),
  ...Object.values<Route>(HEALTH_ROUTES),
];
