import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** A depot's name in `Via` (RFC 9110, 7.6.3), by which it recognises its own requests. */
const ENTRY = /^1\.1 btf-depot-([0-9a-f]{16})$/;

/** Most depots in a row. */
export const MAX_HOPS = 3;

/** The header that lists the depots that a request passed. */
export function viaHeader(via: readonly string[]): Record<string, string> {
  return via.length === 0 ? {} : { Via: via.map((id) => `1.1 btf-depot-${id}`).join(', ') };
}

/** The depots that a request passed, the first one first. */
export function viaOf({ via = '' }: IncomingHttpHeaders): string[] {
  return via.split(',').flatMap((entry) => ENTRY.exec(entry.trim())?.[1] ?? []);
}

/** A depot's own name there, the same in all its processes. @param store tells it from others. */
export function depotId(store: string): string {
  return createHash('sha256').update(store).digest('hex').slice(0, 16);
}
