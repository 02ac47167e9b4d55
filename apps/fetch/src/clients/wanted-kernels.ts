import { clientOf } from '@btf-depot/service-kit';
import type { RequestHandler } from 'express';
import { LRUCache } from 'lru-cache';

/** Misses that an upload could end. */
const WANTED = ['unknown-build-id', 'no-vars'];

/** Most remembered kernels. */
const MAX_KERNELS = 1000;

/** Most remembered clients of each kernel; more do not matter. */
const MAX_CLIENTS = 32;

/** Kernels that one client can add within an hour. */
const MAX_NEW = 20;
const HOUR = 3_600_000;

interface Want {
  buildId: string;
  code: string;
  requests: number;
  clients: Set<string>;
  first: Date;
  last: Date;
}

/**
 * Kernels that clients asked for and the depot lacks, those with most clients first. One client
 * counts once, and can add only a few that nobody else asks for; if there are too many, those with
 * the fewest clients go.
 */
export class WantedKernels {
  readonly #wants = new Map<string, Want>();
  readonly #brought = new LRUCache<string, number>({ max: 16_384, ttl: HOUR });

  /** Counts the misses of passing requests. */
  readonly watch: RequestHandler = (request, response, next) => {
    response.once('finish', () => {
      const { problem } = response.locals as { problem?: string };
      if (problem === undefined || !WANTED.includes(problem)) return;
      const [, buildId] =
        /^\/(?:v1\/kernels|buildid)\/([0-9a-f]{8,128})\b/.exec(request.path) ?? [];
      if (buildId !== undefined) this.count(buildId, problem, clientOf(request));
    });
    next();
  };

  count(buildId: string, code: string, client: string): void {
    const now = new Date();
    let want = this.#wants.get(buildId);
    if (!want) {
      const brought = this.#brought.get(client) ?? 0;
      if (brought >= MAX_NEW) return;
      this.#brought.set(client, brought + 1, { noUpdateTTL: true });
      want = { buildId, code, requests: 0, clients: new Set(), first: now, last: now };
      this.#wants.set(buildId, want);
    }
    want.code = code;
    want.requests++;
    want.last = now;
    if (want.clients.size < MAX_CLIENTS) want.clients.add(client);
    if (this.#wants.size > MAX_KERNELS) this.#dropOne();
  }

  /** Removes a kernel that has come. */
  found(buildId: string): void {
    this.#wants.delete(buildId);
  }

  /** Without the clients. */
  list(): {
    buildId: string;
    code: string;
    requests: number;
    clients: number;
    first: Date;
    last: Date;
  }[] {
    return [...this.#wants.values()]
      .sort((a, b) => b.clients.size - a.clients.size || b.requests - a.requests)
      .map((want) => ({ ...want, clients: want.clients.size }));
  }

  #dropOne(): void {
    let least: Want | undefined;
    for (const want of this.#wants.values()) {
      const fewer = least && want.clients.size - least.clients.size;
      if (!least || (fewer ?? 0) < 0 || (fewer === 0 && want.last < least.last)) least = want;
    }
    if (least) this.#wants.delete(least.buildId);
  }
}
