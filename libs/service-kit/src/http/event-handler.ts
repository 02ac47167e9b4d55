import { setTimeout as sleep } from 'node:timers/promises';
import type { StatusAnswer } from '@btf-depot/contracts';
import type { RECORD_ROUTES } from '@btf-depot/contracts/routes';
import { DepotError } from '@btf-depot/depot';
import type { Request, Response } from 'express';
import { isStopping } from './http-service.ts';
import { Recent } from './recent.ts';
import type { Handlers } from './serve-routes.ts';

export interface EventLimits {
  /** Listeners at one time, in this process. */
  listeners: number;
  /** Milliseconds between two reads of a kernel, for any number of listeners. */
  period: number;
  /**
   * Milliseconds of silence after which a comment is sent, for proxies and to notice lost peers.
   */
  heartbeat: number;
}

export const EVENT_DEFAULTS: EventLimits = { listeners: 1000, period: 1000, heartbeat: 15_000 };

/**
 * `GET /v1/kernels/{id}/events`: the status of a kernel as server-sent events, one for each change,
 * until a final state. A client that returns with its last event (EventSource does) gets nothing
 * twice, and 204 if nothing more will come.
 *
 * @param statusOf throws if there is no such kernel.
 */
export function eventHandler(
  statusOf: (buildId: string) => Promise<StatusAnswer>,
  { listeners, period, heartbeat }: EventLimits = EVENT_DEFAULTS,
): Handlers<typeof RECORD_ROUTES>['events'] {
  const recent = new Recent(statusOf, period);
  let listening = 0;
  return async ({ request, response, params: { buildId } }) => {
    const heard = request.get('last-event-id');
    const first = await recent.get(buildId);
    response.setHeader('Cache-Control', 'no-cache');
    if (isLast(first) && eventId(first) === heard) {
      response.status(204).end();
      return;
    }
    if (listening >= listeners) {
      throw new DepotError(
        'busy',
        `${listeners} clients already listen, and no more may listen; poll the status instead`,
      );
    }
    listening++;
    try {
      await send(request, response, heard, () => recent.get(buildId));
    } finally {
      listening--;
    }
  };

  async function send(
    request: Request,
    response: Response,
    heard: string | undefined,
    look: () => Promise<StatusAnswer>,
  ): Promise<void> {
    // Otherwise nginx buffers answers.
    response.setHeader('X-Accel-Buffering', 'no');
    response.setHeader('Content-Type', 'text/event-stream');
    response.write('retry: 2000\n\n');
    let said = performance.now();
    while (!response.destroyed && !isStopping(request)) {
      const status = await look();
      const id = eventId(status);
      if (id !== heard) {
        response.write(`id: ${id}\nevent: status\ndata: ${JSON.stringify(status)}\n\n`);
        [heard, said] = [id, performance.now()];
      } else if (performance.now() - said > heartbeat) {
        response.write(': still here\n\n');
        said = performance.now();
      }
      if (isLast(status)) break;
      await sleep(period);
    }
    response.end();
  }
}

/** The same for the same status, on every process. */
function eventId(status: StatusAnswer): string {
  const { state, progress, pull } = status;
  const revision = 'revision' in status ? status.revision : 0;
  const at = progress ? [progress.stage, progress.done, progress.total] : [];
  const pulled = pull ? ['pull', pull.stage ?? pull.state, pull.done ?? 0] : [];
  return [revision, state, ...at, ...pulled].join('-');
}

const UNDERWAY: ReadonlySet<string> = new Set(['compressing', 'splitting', 'pulling']);

function isLast({ state, progress, pull }: StatusAnswer): boolean {
  return !UNDERWAY.has(state) && !progress && !pull;
}
