import { z } from 'zod';
import { JSON_TYPE } from './parameters.ts';
import type { RouteTable } from './route.ts';

const readiness = z.looseObject({
  status: z.enum(['ready', 'not ready', 'stopping']),
  /** What the service can do nothing without → why it is not there. */
  failing: z.record(z.string(), z.string()),
  /** What some of its work needs → why it is not there. */
  degraded: z.record(z.string(), z.string()),
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
    summary: '200 if the service can do at least part of its work, else 503 with the same body',
    open: true,
    answers: { [JSON_TYPE]: readiness },
    problems: [],
  },
} as const satisfies RouteTable;
