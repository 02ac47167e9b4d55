import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { UpstreamFault, type Miss, type OpenedFile } from '@btf-depot/depot';
import type { UpstreamLimits } from '../limits.ts';
import { missOfError, missOfStatus } from './misses.ts';
import { paced } from './paced.ts';
import { checkLiteral, publicLookup } from './public-address.ts';

export interface ReadOptions {
  /** The first wanted byte; the answer says whether the server complied. */
  start?: number | undefined;
  headers?: Readonly<Record<string, string>> | undefined;
  signal: AbortSignal;
  /** Of this answer, instead of the limits' own. */
  maxBytes?: number | undefined;
  /** Look-up of names; tests have their own. */
  lookup?: ReturnType<typeof publicLookup> | undefined;
}

/** An answer of 200 or 206. */
export interface HttpAnswer extends OpenedFile {
  headers: IncomingHttpHeaders;
  /** After all redirects. */
  url: URL;
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * One GET, for every source with a URL. The operator's address may lead anywhere. A redirect to
 * another place must lead to a public address, checked on the address that the connection itself
 * uses. It requests no compression, so that counted bytes are received bytes.
 *
 * @returns an answer whose bytes must be read or returned, or why there is none.
 * @throws the signal's reason, and nothing else.
 */
export async function readHttp(
  first: URL,
  limits: UpstreamLimits,
  options: ReadOptions,
): Promise<HttpAnswer | Miss> {
  const { signal } = options;
  let url = first;
  try {
    for (let redirects = 0; ; redirects++) {
      const isTrusted = limits.allowPrivate || url.origin === first.origin;
      const answer = await request(url, isTrusted, limits, options);
      const { statusCode = 0, headers } = answer;
      if (!REDIRECTS.has(statusCode) || headers.location === undefined) {
        return judge(answer, url, limits, options);
      }
      answer.destroy();
      const next = URL.parse(headers.location, url.href);
      if (!next || !/^https?:$/.test(next.protocol)) {
        return { reason: 'malformed', detail: `${url.href} redirects to no URL of HTTP` };
      }
      if (url.protocol === 'https:' && next.protocol === 'http:') {
        return { reason: 'refused', detail: `${url.href} redirects from HTTPS to HTTP` };
      }
      if (redirects >= limits.redirects) {
        return {
          reason: 'malformed',
          detail: `${first.href} redirects more than ${redirects} times`,
        };
      }
      url = next;
    }
  } catch (error) {
    signal.throwIfAborted();
    return missOfError(url, error);
  }
}

/** Resolves with the head of the answer. */
async function request(
  url: URL,
  isTrusted: boolean,
  { answerMs }: UpstreamLimits,
  { start = 0, headers, signal, lookup = publicLookup() }: ReadOptions,
): Promise<IncomingMessage> {
  if (!isTrusted) checkLiteral(url);
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new Late(answerMs)), answerMs);
  try {
    return await new Promise<IncomingMessage>((resolve, reject) => {
      const { request } = url.protocol === 'https:' ? https : http;
      const sent = request(url, {
        headers: {
          ...headers,
          'User-Agent': 'btf-depot',
          'Accept-Encoding': 'identity',
        },
        // A new connection each time, so that each is checked.
        agent: false,
        lookup: isTrusted ? undefined : lookup,
      });
      if (start > 0) sent.setHeader('Range', `bytes=${start}-`);
      const stop = ({ target }: Event) => {
        sent.destroy((target as AbortSignal).reason as Error);
      };
      late.signal.addEventListener('abort', stop, { once: true });
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) sent.destroy(signal.reason as Error);
      sent.once('close', () => signal.removeEventListener('abort', stop));
      sent.on('error', reject);
      sent.once('response', resolve);
      sent.end();
    });
  } finally {
    clearTimeout(timer);
  }
}

/** The head of the answer is late. */
class Late extends Error {
  override readonly name = 'Late';

  constructor(ms: number) {
    super(`no answer within ${ms / 1000} s`);
  }
}

function judge(
  answer: IncomingMessage,
  url: URL,
  limits: UpstreamLimits,
  { start = 0, signal, maxBytes = limits.maxBytes }: ReadOptions,
): HttpAnswer | Miss {
  const { statusCode = 0, headers } = answer;
  // Later faults of the connection go to the reader of the answer, if any.
  answer.on('error', () => undefined);
  const refuse = (miss: Miss) => {
    answer.destroy();
    return miss;
  };
  if (statusCode !== 200 && statusCode !== 206) return refuse(missOfStatus(url, answer));
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
    return refuse({
      reason: 'malformed',
      detail: `${url.href} is compressed, which nobody asked for`,
    });
  }
  const range = statusCode === 206 ? rangeOf(headers) : { start: 0, size: lengthOf(headers) };
  if (!range || range.start > start || (statusCode === 206 && range.start !== start)) {
    return refuse({ reason: 'malformed', detail: `${url.href} answers with another range` });
  }
  const { size } = range;
  if (size !== undefined && size > maxBytes) {
    return refuse({
      reason: 'too-large',
      detail: `${url.href} has ${size} bytes, ${maxBytes} are the limit`,
    });
  }
  const bytes = paced(answer, { url, limits, signal, start: range.start, size, maxBytes });
  return { start: range.start, size, bytes, headers, url };
}

function lengthOf(headers: IncomingHttpHeaders): number | undefined {
  const length = headers['content-length'];
  return length === undefined ? undefined : Number(length);
}

/** Undefined: no valid target. */
function rangeOf(headers: IncomingHttpHeaders): { start: number; size?: number } | undefined {
  const found = /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15}|\*)$/.exec(headers['content-range'] ?? '');
  if (!found) return undefined;
  const [, start, size] = found;
  return size === '*' ? { start: Number(start) } : { start: Number(start), size: Number(size) };
}

/** A small answer in memory. @throws the signal's reason. */
export async function readWhole(
  url: URL,
  limits: UpstreamLimits,
  options: ReadOptions & { maxBytes: number },
): Promise<{ bytes: Uint8Array<ArrayBuffer>; headers: IncomingHttpHeaders } | Miss> {
  const answer = await readHttp(url, limits, options);
  if ('reason' in answer) return answer;
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of answer.bytes) chunks.push(chunk);
  } catch (error) {
    if (error instanceof UpstreamFault) return error.miss;
    throw error;
  }
  const all = Buffer.concat(chunks);
  return { bytes: new Uint8Array(all), headers: answer.headers };
}
