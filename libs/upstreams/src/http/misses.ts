import type { IncomingMessage } from 'node:http';
import type { Miss, MissReason } from '@btf-depot/depot';
import { PrivateAddress } from './public-address.ts';

/** Of what a connection ends with before there is an answer, and in the middle of one. */
export function missOfError(url: URL, error: unknown): Miss {
  const { message, name } = error as Error;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const miss = (reason: MissReason) => ({ reason, detail: `${url.origin}: ${message || code}` });
  if (error instanceof PrivateAddress) return miss('private-address');
  if (name === 'Late') return miss('timeout');
  if (isOfCertificate(code)) return miss('bad-certificate');
  if (code.startsWith('HPE_')) return miss('malformed');
  return miss('unreachable');
}

/** What OpenSSL and Node call a certificate that does not hold (tls.TLSSocket, X509 errors). */
function isOfCertificate(code: string): boolean {
  return /^(CERT_|ERR_TLS_CERT|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA)/.test(
    code,
  );
}

const PASSING = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Of a status that is no success. */
export function missOfStatus(url: URL, answer: IncomingMessage): Miss {
  const { statusCode = 0, headers } = answer;
  const detail = `${url.href} answers ${statusCode}`;
  // A depot that is fetching it itself says when to ask again.
  const retryAfter = retryAfterOf(headers['retry-after']);
  if (statusCode === 404 && retryAfter !== undefined) {
    return { reason: 'pending', detail, retryAfter };
  }
  if (statusCode === 404 || statusCode === 410) return { reason: 'missing', detail };
  // A depot says so of what it cannot send now, for debuginfod's client remembers all else.
  if (PASSING.has(statusCode) || statusCode === 406) {
    return { reason: 'unavailable', detail, retryAfter };
  }
  return { reason: 'refused', detail };
}

/** Nobody is made to wait longer by what a server says. */
const LONGEST = 3_600_000;

/** Milliseconds: seconds, or a date (RFC 9110, 10.2.3). */
function retryAfterOf(text: string | undefined, now = Date.now()): number | undefined {
  if (text === undefined) return undefined;
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), LONGEST);
}
