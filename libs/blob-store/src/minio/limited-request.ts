import type http from 'node:http';
import type https from 'node:https';
import { StoreUnavailable } from '../errors.ts';

export type Answered = (message: http.IncomingMessage) => void;

interface Limits {
  /** Milliseconds for the whole request; undefined: no limit. */
  timeoutMs: number | undefined;
  /** Milliseconds of a read without a byte of the answer. */
  silenceMs: number;
}

/** A limit of time is exceeded. */
class Late extends StoreUnavailable {}

/**
 * A request that fails if its limit is exceeded, and a read that also fails if the server is silent,
 * before its answer or in it: a server that is suspended accepts connections and says nothing.
 */
export function limitedRequest(
  request: typeof http.request | typeof https.request,
  options: https.RequestOptions,
  answered: Answered,
  { timeoutMs, silenceMs }: Limits,
): http.ClientRequest {
  const limit = new AbortController();
  const endAfter = (ms: number, what: string) =>
    setTimeout(() => limit.abort(new Late(`${what} within ${ms} ms`)), ms);
  const isRead = options.method === 'GET' || options.method === 'HEAD';
  const silence = isRead ? endAfter(silenceMs, 'no answer') : undefined;
  const whole = timeoutMs === undefined ? undefined : endAfter(timeoutMs, 'no answer');
  const sent = request({ ...options, signal: limit.signal }, (message) => {
    clearTimeout(silence);
    if (isRead) endWhenSilent(message, silenceMs);
    answered(message);
  });
  // After the answer, if there is one.
  return sent.once('close', () => {
    clearTimeout(silence);
    clearTimeout(whole);
  });
}

/** The exceeded limit, in words; undefined if the error is another one. */
export function lateness(error: unknown): string | undefined {
  if (error instanceof Late) return error.message;
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Late ? cause.message : undefined;
}

/** A slow reader is not a silent server: in that case there are bytes to read. */
function endWhenSilent(message: http.IncomingMessage, silenceMs: number): void {
  let seen = -1;
  const watch = setInterval(() => {
    const { bytesRead } = message.socket;
    if (message.readableLength === 0 && bytesRead === seen) {
      message.destroy(new Late(`no byte came within ${silenceMs} ms`));
    }
    seen = bytesRead;
  }, silenceMs);
  message.once('close', () => clearInterval(watch));
}
