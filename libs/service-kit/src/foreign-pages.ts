import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import type { ProblemCode } from '@btf-depot/contracts';
import { z } from 'zod';
import { kindOf } from './settings/declare.ts';

/**
 * The browser of somebody who may reach a depot lends that reach to every page that it shows. A page
 * of another origin sends an upload without asking first (a form needs no preflight), and a page
 * whose name begins to point at the depot's address counts as the depot's own. The first is told by
 * `Origin` and `Sec-Fetch-Site`, which no page can forge (fetch.spec.whatwg.org, w3c.github.io/
 * webappsec-fetch-metadata); the second by `Host`.
 */
export interface PageRules {
  /** Names, each perhaps with a port, under which the service is reached besides loopback's. */
  allowedHosts: readonly string[];
  /**
   * Whoever reaches the service may do everything, so it is for this machine alone: other names and
   * other origins get nothing, also to read, for what is here was published to nobody else. False:
   * pages of other origins may read.
   */
  onlyHere: boolean;
}

/** Where pages read and nobody is asked by name: what a service is that says nothing else. */
export const PUBLIC_PAGES: PageRules = { allowedHosts: [], onlyHere: false };

const HOST = /^(?:[a-z\d._-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/;

/** `BTFDEPOT_ALLOWED_HOSTS`: names or addresses, each perhaps with a port, commas between them. */
export const allowedHosts = kindOf(
  'names, `,` between them',
  z.string().transform((text, context) => {
    const hosts = text.split(',').flatMap((one) => one.trim().toLowerCase() || []);
    const wrong = hosts.find((host) => !HOST.test(host));
    if (wrong === undefined) return hosts;
    context.addIssue(`expected names such as depot.example or [::1]:8080, got ${wrong}`);
    return z.NEVER;
  }),
);

interface Asked {
  method: string | undefined;
  headers: IncomingHttpHeaders;
  /** The request changes nothing, whatever its method. */
  reads: boolean;
}

/** Why a request is refused for the page that it comes from; undefined: it is not. */
export function foreignPage(
  { method, headers, reads }: Asked,
  { allowedHosts, onlyHere }: PageRules,
): { code: ProblemCode; detail: string } | undefined {
  const host = headers.host?.toLowerCase() ?? '';
  const isOurs =
    isLoopbackName(host) || isAllowed(host, allowedHosts) || (reads && isAddress(host));
  if (onlyHere && !isOurs) {
    const name = host === '' ? 'a request without Host' : JSON.stringify(host.slice(0, 200));
    return {
      code: 'foreign-host',
      detail:
        `${name} does not name this machine, and this service accepts changes without a token; ` +
        `use 127.0.0.1, [::1] or localhost, or add the name to BTFDEPOT_ALLOWED_HOSTS`,
    };
  }
  if (reads && !onlyHere) return undefined;
  const page = foreignOrigin(headers, host, allowedHosts);
  // A link to the depot from anywhere is followed: what it shows, the page with the link cannot see.
  if (page === undefined || (isFollowedLink(headers) && method === 'GET')) return undefined;
  return {
    code: 'foreign-origin',
    detail:
      `a page of ${page} sent this, and only pages of the depot and programs may; ` +
      `if that is a name of the depot, add it to BTFDEPOT_ALLOWED_HOSTS`,
  };
}

/** 127.0.0.0/8, ::1, localhost and what is below it (RFC 6761, 6.3), with any port. */
export function isLoopbackName(host: string): boolean {
  return /^(?:127(?:\.\d{1,3}){3}|\[::1\]|(?:[a-z\d-]+\.)*localhost)(?::\d+)?$/.test(host);
}

/** No name server decides where these lead: a forwarded port of a virtual machine, a tunnel. */
function isAddress(host: string): boolean {
  return isIP(host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')) !== 0;
}

function isAllowed(host: string, allowed: readonly string[]): boolean {
  return allowed.includes(host) || allowed.includes(host.replace(/:\d+$/, ''));
}

/** The other origin that a page has which sends this; undefined: none. */
function foreignOrigin(
  { origin, 'sec-fetch-site': site }: IncomingHttpHeaders,
  host: string,
  allowed: readonly string[],
): string | undefined {
  if (origin !== undefined) {
    const url = URL.canParse(origin) ? new URL(origin) : undefined;
    // `null`: a page that hides its origin, or has none.
    if (!url || url.host === '') return JSON.stringify(origin.slice(0, 200));
    const isOwn = url.host === withoutDefaultPort(host, url.protocol);
    return isOwn || isAllowed(url.host, allowed) ? undefined : url.origin;
  }
  return site === 'cross-site' || site === 'same-site' ? 'another origin' : undefined;
}

/** As the host of a URL is written, whose port is left out where it is the scheme's own. */
function withoutDefaultPort(host: string, protocol: string): string {
  const port = protocol === 'https:' ? ':443' : ':80';
  return host.endsWith(port) ? host.slice(0, -port.length) : host;
}

function isFollowedLink(headers: IncomingHttpHeaders): boolean {
  return headers.origin === undefined && headers['sec-fetch-mode'] === 'navigate';
}
