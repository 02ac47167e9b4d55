import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Headers of every answer, also of those given ahead of Express. */
export function commonHeaders({ headers }: IncomingMessage) {
  return {
    'X-Request-Id': requestId(headers['x-request-id']),
    // Answers contain data from farms: a browser must not take them for a page.
    'X-Content-Type-Options': 'nosniff',
  } as const;
}

/** The caller's id if it is harmless, so that a request can be followed across services. */
function requestId(given: string | string[] | undefined): string {
  return typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : newId();
}

/** A counter of this process: random ids would cost more than a small answer. */
const PREFIX = randomUUID().slice(0, -12);
let made = 0;

function newId(): string {
  return PREFIX + (made++).toString(16).padStart(12, '0');
}
