import { z } from 'zod';
import { JSON_TYPE } from './parameters.ts';
import type { RouteTable } from './route.ts';

const readiness = z.looseObject({
  status: z.enum(['ready', 'not ready', 'stopping']),
  /** Failed checks without which the service can do nothing → the reason. */
  failing: z.record(z.string(), z.string()),
  /** Failed checks that stop part of the work → the reason. */
  degraded: z.record(z.string(), z.string()),
});

/** Routes of every service, for its operator. */
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
    summary: '200 if the service can do at least part of its work, else 503 with the same body',
    open: true,
    answers: { [JSON_TYPE]: readiness },
    problems: [],
  },
} as const satisfies RouteTable;
