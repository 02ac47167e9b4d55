import type { RouteTable } from '@btf-depot/contracts/routes';
import { Router } from 'express';

/** A service whose routes are asked for here. */
export interface OtherService {
  /** What this one is, and what the other one does. */
  says: string;
  /** Its address for clients, if an operator has told it. */
  url?: string | undefined;
}

/**
 * For behind a service's own routes: a request for another service's is refused as any other that
 * it does not answer, and the refusal says who does.
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
