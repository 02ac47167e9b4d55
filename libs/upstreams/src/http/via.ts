import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** Of a depot in `Via` (RFC 9110, 7.6.3): so that one that hears of itself knows it. */
const ENTRY = /^1\.1 btf-depot-([0-9a-f]{16})$/;

/** So many depots may lie behind one another. */
export const MAX_HOPS = 3;

/** What a request says of the depots that it passed. */
export function viaHeader(via: readonly string[]): Record<string, string> {
  return via.length === 0 ? {} : { Via: via.map((id) => `1.1 btf-depot-${id}`).join(', ') };
}

/** The depots that a request passed, the first one first. */
export function viaOf({ via = '' }: IncomingHttpHeaders): string[] {
  return via.split(',').flatMap((entry) => ENTRY.exec(entry.trim())?.[1] ?? []);
}

/** What a depot calls itself there, the same in all its processes. @param store tells it from others. */
export function depotId(store: string): string {
  return createHash('sha256').update(store).digest('hex').slice(0, 16);
}
