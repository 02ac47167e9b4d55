import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** What every answer has, for those that are given ahead of Express too. */
export function commonHeaders({ headers }: IncomingMessage) {
  return {
    'X-Request-Id': requestId(headers['x-request-id']),
    // Answers have what farms sent in them: a browser is to take none for a page.
    'X-Content-Type-Options': 'nosniff',
  } as const;
}

/** The caller's id where it is a harmless one, so that a request can be followed across services. */
function requestId(given: string | string[] | undefined): string {
  return typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : newId();
}

/** Of this process, and counted: randomness for each costs the more, the smaller an answer is. */
const PREFIX = randomUUID().slice(0, -12);
let made = 0;

function newId(): string {
  return PREFIX + (made++).toString(16).padStart(12, '0');
}
