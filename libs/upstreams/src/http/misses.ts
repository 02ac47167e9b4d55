import type { IncomingMessage } from 'node:http';
import type { Miss, MissReason } from '@btf-depot/depot';
import { PrivateAddress } from './public-address.ts';
import { viaOf } from './via.ts';

/** The miss for a connection that ends before an answer, or in the middle of one. */
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

/** Codes of OpenSSL and Node for invalid certificates (tls.TLSSocket, X509 errors). */
function isOfCertificate(code: string): boolean {
  return /^(CERT_|ERR_TLS_CERT|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA)/.test(
    code,
  );
}

const PASSING = new Set([408, 425, 429, 500, 502, 503, 504]);

/** The miss for a status that is no success. */
export function missOfStatus(url: URL, answer: IncomingMessage): Miss {
  const { statusCode = 0, headers } = answer;
  const detail = `${url.href} answers ${statusCode}`;
  // A depot that is fetching the kernel itself says when to ask again.
  const retryAfter = retryAfterOf(headers['retry-after']);
  if (statusCode === 404 && retryAfter !== undefined) {
    return { reason: 'pending', detail, retryAfter, waitsFor: viaOf(headers) };
  }
  if (statusCode === 404 || statusCode === 410) return { reason: 'missing', detail };
  // A depot uses it for what it cannot send now, because debuginfod's client remembers all other
  // codes.
  if (PASSING.has(statusCode) || statusCode === 406) {
    return { reason: 'unavailable', detail, retryAfter };
  }
  return { reason: 'refused', detail };
}

/** No server can make others wait longer. */
const LONGEST = 3_600_000;

/** Milliseconds, from seconds or a date (RFC 9110, 10.2.3). */
function retryAfterOf(text: string | undefined, now = Date.now()): number | undefined {
  if (text === undefined) return undefined;
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), LONGEST);
}
