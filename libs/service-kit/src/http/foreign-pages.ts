import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import type { ProblemCode } from '@btf-depot/contracts';
import { z } from 'zod';
import { kindOf } from '../settings/declare.ts';

/**
 * A browser gives its reach to every page that it shows. A page of another origin can send an
 * upload without asking first (a form needs no preflight), and a page whose host name is changed to
 * the depot's address counts as the depot's own. `Origin` and `Sec-Fetch-Site`, which no page can
 * forge, show the first (fetch.spec.whatwg.org, w3c.github.io/ webappsec-fetch-metadata); `Host`
 * shows the second.
 */
export interface PageRules {
  /** Names of the service besides loopback's, with or without a port. */
  allowedHosts: readonly string[];
  /**
   * Anyone who reaches the service may do everything, so it is only for this machine: other names
   * and other origins may not even read, since the data were published for nobody else. False:
   * pages of other origins may read.
   */
  onlyHere: boolean;
}

/** Pages may read, and no name is required: the default of a service. */
export const PUBLIC_PAGES: PageRules = { allowedHosts: [], onlyHere: false };

const HOST = /^(?:[a-z\d._-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/;

/** `BTFDEPOT_ALLOWED_HOSTS`: names or addresses, with or without a port, separated by commas. */
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

/** Why a request is refused for its page; undefined: it is not. */
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
  // Links to the depot from anywhere work: the linking page cannot read the result.
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

/** No name server decides about these: a forwarded port of a virtual machine, a tunnel. */
function isAddress(host: string): boolean {
  return isIP(host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')) !== 0;
}

function isAllowed(host: string, allowed: readonly string[]): boolean {
  return allowed.includes(host) || allowed.includes(host.replace(/:\d+$/, ''));
}

/** The other origin of the page that sends this; undefined: none. */
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

/** In the form of a URL's host, without the scheme's default port. */
function withoutDefaultPort(host: string, protocol: string): string {
  const port = protocol === 'https:' ? ':443' : ':80';
  return host.endsWith(port) ? host.slice(0, -port.length) : host;
}

function isFollowedLink(headers: IncomingHttpHeaders): boolean {
  return headers.origin === undefined && headers['sec-fetch-mode'] === 'navigate';
}
