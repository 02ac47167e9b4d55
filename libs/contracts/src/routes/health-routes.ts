import { z } from 'zod';
import { JSON_TYPE } from './parameters.ts';
import type { RouteTable } from './route.ts';

const readiness = z.looseObject({
  status: z.enum(['ready', 'not ready', 'stopping']),
  /** What is not there → why. */
  failing: z.record(z.string(), z.string()),
});

/** What every service answers, for whoever runs it. */
export const HEALTH_ROUTES = {
  healthz: {
    method: 'get',
    path: '/healthz',
    summary: 'The process answers',
    open: true,
    answers: { [JSON_TYPE]: z.looseObject({ status: z.literal('ok') }) },
    problems: [],
  },
  readyz: {
    method: 'get',
    path: '/readyz',
    summary: 'The service has all that it needs; otherwise 503 with the same body',
    open: true,
    answers: { [JSON_TYPE]: readiness },
    problems: [],
  },
} as const satisfies RouteTable;
