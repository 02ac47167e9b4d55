import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { DepotError, type TokenGuard } from '@btf-depot/depot';
import { refuseAhead } from './refuse-ahead.ts';

/**
 * For a depot that only token holders may read: lets a request with any valid token pass, and keeps
 * its answers out of shared caches; otherwise answers it.
 *
 * @returns whether it may pass.
 * @throws the errors of the token store.
 */
export async function letReader(
  guard: TokenGuard,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  try {
    await guard.authenticate(request.headers.authorization);
  } catch (error) {
    if (!(error instanceof DepotError)) throw error;
    refuseAhead(request, response, error.code, error.message);
    return false;
  }
  makePrivate(response);
  return true;
}

/** The routes say `public`, which holds only in a public depot. */
function makePrivate(response: ServerResponse): void {
  const privately = (value: unknown) => String(value).replace(/\bpublic\b/, 'private');
  const setHeader = response.setHeader.bind(response);
  response.setHeader = (name, value) =>
    setHeader(name, name.toLowerCase() === 'cache-control' ? privately(value) : value);
  const writeHead = response.writeHead.bind(response) as (
    status: number,
    headers?: OutgoingHttpHeaders,
  ) => ServerResponse;
  response.writeHead = ((status: number, headers?: OutgoingHttpHeaders) => {
    const control = headers?.['Cache-Control'];
    const changed =
      control === undefined ? headers : { ...headers, 'Cache-Control': privately(control) };
    return writeHead(status, changed);
  }) as typeof response.writeHead;
}
