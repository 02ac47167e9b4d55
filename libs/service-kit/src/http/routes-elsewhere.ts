import type { RouteTable } from '@btf-depot/contracts/routes';
import { Router } from 'express';

/** Another service, whose routes clients request here by mistake. */
export interface OtherService {
  /** What this service is, and what the other one does. */
  says: string;
  /** Its address for clients, if set. */
  url?: string | undefined;
}

/**
 * After a service's own routes: refuses requests for another service's routes, and names that
 * service.
 */
export function routesElsewhere(table: RouteTable, { says, url }: OtherService): Router {
  const router = Router();
  const elsewhere = url === undefined ? says : `${says}: ${url}`;
  for (const { method, path } of Object.values(table)) {
    router.route(path.replace(/\{(\w+)\}/g, ':$1'))[method]((_request, { locals }, next) => {
      locals.elsewhere = elsewhere;
      next();
    });
  }
  return router;
}
