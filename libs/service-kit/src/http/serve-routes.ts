import type { PathParameter, Route, RouteTable } from '@btf-depot/contracts/routes';
import { Router, type Request, type Response } from 'express';
import type { z } from 'zod';
import { onlyMethods } from './problems.ts';
import { readJson, readQuery } from './read-json.ts';

/** A request for one route. */
export interface Asked<Of extends Route> {
  request: Request;
  response: Response;
  params: Readonly<Record<PathParameter<Of['path']>, string>>;
  /** The query in the form of the route's schema. @throws DepotError as `readQuery`. */
  query: () => Of extends { query: infer Schema extends z.ZodType } ? z.output<Schema> : never;
  /** Reads the body in the form of the route's schema. @throws DepotError as `readJson`. */
  body: () => Promise<
    Of extends { body: { schema: infer Schema extends z.ZodType } } ? z.output<Schema> : never
  >;
}

/** Answers one route. It reads query and body itself, so that it can check permissions first. */
type Handler<Of extends Route> = (asked: Asked<Of>) => unknown;

/** One for each route of a table: `tsc` refuses an incomplete one. */
export type Handlers<Table extends RouteTable> = {
  readonly [Name in keyof Table]: Handler<Table[Name]>;
};

/**
 * Serves the routes of a table; Express answers HEAD with those of GET. Other methods of their
 * paths are left to later routers, perhaps of another service in the same process.
 */
export function serveRoutes<Table extends RouteTable>(
  table: Table,
  handlers: Handlers<Table>,
): Router {
  const router = Router();
  const paths = Map.groupBy(Object.entries<Route>(table), ([, { path }]) => path);
  for (const path of [...paths.keys()].sort(byFixedText)) {
    const served = router.route(path.replace(/\{(\w+)\}/g, ':$1'));
    const named = paths.get(path) ?? [];
    for (const [name, route] of named) {
      const handle = handlers[name] as Handler<Route>;
      served[route.method]((request, response) => handle(asked(route, request, response)));
    }
    served.all(onlyMethods(named.map(([, { method }]) => methodsOf(method)).join(', ')));
  }
  return router;
}

/** A parameter sorts after all fixed text: `~` is the last character of a path. */
function byFixedText(a: string, b: string): number {
  const [first, second] = [a, b].map((path) => path.replace(/\{\w+\}/g, '~'));
  return first < second ? -1 : 1;
}

function methodsOf(method: Route['method']): string {
  return method === 'get' ? 'GET, HEAD' : method.toUpperCase();
}

function asked(route: Route, request: Request, response: Response): Asked<Route> {
  const { query, body } = route;
  return {
    request,
    response,
    params: request.params,
    query: () => (query ? readQuery(request.query, query) : undefined) as never,
    body: () => (body ? readJson(request, body.schema, body.limit) : undefined) as never,
  };
}
