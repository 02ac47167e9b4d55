import { kernelRecordSchema } from '../record/record.ts';
import { statusAnswerSchema } from '../answers/status.ts';
import { JSON_TYPE, KERNEL_PROBLEMS, ofKernel } from './parameters.ts';
import type { RouteTable } from './route.ts';

/** Routes of every service with the record store. */
export const RECORD_ROUTES = {
  record: {
    method: 'get',
    path: '/v1/kernels/{buildId}',
    summary: 'The record of a kernel: parts, artifacts, sizes, hashes, origin',
    parameters: ofKernel,
    pulls: 'record',
    answers: { [JSON_TYPE]: kernelRecordSchema },
    problems: KERNEL_PROBLEMS,
  },
  recordFile: {
    method: 'get',
    path: '/v1/kernels/{buildId}/record.json',
    summary: 'The same, at the path that it has in an export',
    parameters: ofKernel,
    pulls: 'record',
    answers: { [JSON_TYPE]: kernelRecordSchema },
    problems: KERNEL_PROBLEMS,
  },
  events: {
    method: 'get',
    path: '/v1/kernels/{buildId}/events',
    summary: 'The status as server-sent events named `status`, one for each change, until the last',
    parameters: ofKernel,
    pulls: 'status',
    answers: { 'text/event-stream': null },
    successes: { 204: 'The client already has the last event' },
    problems: [...KERNEL_PROBLEMS, 'busy'],
  },
  status: {
    method: 'get',
    path: '/v1/kernels/{buildId}/status',
    summary: 'The state of a kernel; the process that splits it also reports progress',
    parameters: ofKernel,
    pulls: 'status',
    answers: { [JSON_TYPE]: statusAnswerSchema },
    problems: KERNEL_PROBLEMS,
  },
} as const satisfies RouteTable;
