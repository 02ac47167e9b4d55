import { setTimeout as sleep } from 'node:timers/promises';
import { isBuildId, type KernelRecord, type PullAnswer } from '@btf-depot/contracts';
import { anyPath, FETCH_ROUTES, RECORD_ROUTES, type Route } from '@btf-depot/contracts/routes';
import { DepotError, isToBePulled, type Pulls, type PullState } from '@btf-depot/depot';
import type { RepeatedWarnings } from '@btf-depot/service-kit';
import { MAX_HOPS, viaHeader, viaOf } from '@btf-depot/upstreams';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { RecentRecords } from '../records/recent-records.ts';
import { answerOf, mayPass, sayMisses, sayPull } from './describe-pull.ts';
import type { WhoMayPull } from './who-may-pull.ts';

export interface PullThroughDeps {
  pulls: Pulls;
  records: RecentRecords;
  who: WhoMayPull;
  warnings: RepeatedWarnings;
  /** The depot's name, the same in all its processes. */
  self: string;
}

/** Most seconds that a request may wait: debuginfod's client gives up after 90. */
const MOST_WAIT = 60;

/** Most requests that wait at one time. */
const MAX_HELD = 1000;

/** Milliseconds between two looks: at first, and later. */
const LOOK = { early: 40, late: 400, earlyFor: 3000 } as const;

/** Routes that start a fetch: of two that match a path, the one with fewer parameters is first. */
const PULLING = Object.values<Route>({ ...RECORD_ROUTES, ...FETCH_ROUTES })
  .filter(({ pulls }) => pulls !== undefined)
  .map((route) => ({ ...route, pattern: anyPath(route) }))
  .sort((a, b) => parametersOf(a) - parametersOf(b));

function parametersOf({ path }: Route): number {
  return path.split('{').length;
}

/** The subject of a request. */
interface Wanted {
  buildId: string;
  isDebuginfod: boolean;
  /** Answers during the fetch, too: status and events show the progress. */
  isStatus: boolean;
  /** Milliseconds for which it may wait. */
  waitMs: number;
  again: boolean;
  /** Whether everything of it has come. */
  isThere: (record: KernelRecord | undefined) => boolean;
  /** Whether the available part already answers it for now. */
  isServed: (record: KernelRecord) => boolean;
}

/**
 * Runs before the routes: it fetches a requested kernel that is missing. The client gets the
 * progress, or waits: `?wait=SECONDS`; debuginfod's clients always wait, since they remember any
 * other answer as missing (see debuginfodHandlers).
 */
export class PullThrough {
  readonly #deps: PullThroughDeps;
  #held = 0;

  constructor(deps: PullThroughDeps) {
    this.#deps = deps;
  }

  readonly handler: RequestHandler = async (request, response, next) => {
    const wanted = wantedOf(request);
    const isOnlyAsked = request.query.pull === 'no';
    // Parameters that no route's query has.
    if (wanted && !wanted.isDebuginfod) request.url = withoutOurs(request.url);
    if (wanted && !isOnlyAsked) await this.#handle(wanted, request, response, next);
    else next();
  };

  /** For the status of a kernel: its running fetch. */
  async look(buildId: string): Promise<PullAnswer | undefined> {
    const state = await this.#orOff(() => this.#deps.pulls.look(buildId));
    const isUnderway = state?.state === 'queued' || state?.state === 'running';
    return isUnderway ? answerOf(state) : undefined;
  }

  async #handle(
    wanted: Wanted,
    request: Request,
    response: Response,
    next: NextFunction,
  ): Promise<void> {
    const { buildId, isDebuginfod, isStatus } = wanted;
    const { records } = this.#deps;
    let record: KernelRecord | undefined;
    try {
      record = records.peek(buildId) ?? (await records.newest(buildId));
    } catch {
      // The route reports the fault of the record or the store.
      next();
      return;
    }
    let state = isToBePulled(record) ? await this.#begin(wanted, request) : undefined;
    const via = viaOf(request.headers);
    if (!isStatus) ({ record, state } = await this.#hold(wanted, via, response, { record, state }));
    const isServed = record && hasCore(record) && wanted.isServed(record);
    if (isStatus || isServed || wanted.isThere(record)) {
      if (!record && state?.state === 'missed') throw missed(buildId, state);
      next();
      return;
    }
    const isUnderway = state?.state === 'queued' || state?.state === 'running';
    if (isDebuginfod) {
      if (isUnderway) throw new DepotError('not-now', `${buildId} is being fetched, ask again`);
      if (state?.state === 'missed' && mayPass(state.misses)) {
        throw new DepotError('not-now', `${buildId}: ${sayMisses(state.misses)}`);
      }
    } else if (isUnderway && state) {
      const pull = answerOf(state);
      // Whether this is a circle is seen by depots that ask.
      response.set(viaHeader([this.#deps.self, ...waitsFor(state)]));
      const retryAfter = Math.min(Math.max(pull?.secondsLeft ?? 2, 1), 30);
      const detail = `${buildId} is not here yet: ${pull ? sayPull(pull) : ''}`;
      throw new DepotError('pending', detail, { members: { pull, retryAfter } });
    } else if (!record && state?.state === 'missed') throw missed(buildId, state);
    next();
  }

  /** Requests the fetch, if allowed; else returns what is known of it. */
  async #begin({ buildId, again }: Wanted, request: Request): Promise<PullState | undefined> {
    const { pulls, who, self } = this.#deps;
    const via = viaOf(request.headers);
    // This depot's own request, for the kernel that it is fetching: it would wait for itself.
    if (via.includes(self)) return undefined;
    return this.#orOff(async () => {
      const known = await pulls.look(buildId);
      if (known && !(again && known.state === 'missed')) return known;
      // A longer chain of depots counts as a circle.
      if (via.length >= MAX_HOPS) return known;
      if (!(await who.may(request))) return known;
      return pulls.ask(buildId, { again, via: [...via, self] });
    });
  }

  async #hold(
    { buildId, waitMs, isThere }: Wanted,
    via: readonly string[],
    response: Response,
    found: { record: KernelRecord | undefined; state: PullState | undefined },
  ): Promise<typeof found> {
    const { records, pulls } = this.#deps;
    const started = performance.now();
    let { record, state } = found;
    const waits = () =>
      performance.now() - started < waitMs &&
      !response.destroyed &&
      !waitsFor(state).some((id) => via.includes(id));
    if (waitMs === 0 || this.#held >= MAX_HELD) return found;
    this.#held++;
    try {
      while (!isThere(record) && isUnderway(record, state) && waits()) {
        const isEarly = performance.now() - started < LOOK.earlyFor;
        await sleep(isEarly ? LOOK.early : LOOK.late);
        state = await this.#orOff(() => pulls.look(buildId));
        // The store has the results of a pull before the pull ends.
        record = await records.newest(buildId).catch(() => record);
      }
      return { record, state };
    } finally {
      this.#held--;
    }
  }

  /** Without Redis nothing is fetched; everything else works. */
  async #orOff(run: () => Promise<PullState | undefined>): Promise<PullState | undefined> {
    try {
      return await run();
    } catch (error) {
      this.#deps.warnings.warn({}, 'pulls', error);
      return undefined;
    }
  }
}

function isUnderway(record: KernelRecord | undefined, state: PullState | undefined): boolean {
  if (state?.state === 'queued' || state?.state === 'running') return true;
  return record?.state === 'compressing';
}

/** The depots that a pull waits for. */
function waitsFor(state: PullState | undefined): readonly string[] {
  return state?.state === 'running' ? (state.progress.waitsFor ?? []) : [];
}

function missed(buildId: string, state: PullState & { state: 'missed' }): DepotError {
  const pull = answerOf(state);
  const detail = `no kernel of build ID ${buildId}, here or elsewhere: ${sayMisses(state.misses)}`;
  return new DepotError('unknown-build-id', detail, { members: { pull } });
}

/** Undefined for other methods, too: nobody has a kernel fetched to change it. */
function wantedOf({ method, path, query }: Request): Wanted | undefined {
  const asked = method === 'HEAD' ? 'get' : method.toLowerCase();
  for (const route of PULLING) {
    const [, buildId, name = ''] = route.pattern.exec(path) ?? [];
    if (route.method !== asked || buildId === undefined) continue;
    return isBuildId(buildId) ? wantedBy(route.pulls, { buildId, name, query }) : undefined;
  }
  return undefined;
}

/** @param name the artifact's or section's. */
function wantedBy(
  pulls: Route['pulls'],
  { buildId, name, query }: { buildId: string; name: string; query: Request['query'] },
): Wanted | undefined {
  if (pulls === 'section') {
    if (!name.startsWith('.BTF')) return undefined;
    const isThere = name === '.BTF' ? hasCore : isWhole;
    const waitMs = MOST_WAIT * 1000;
    const about = { buildId, isDebuginfod: true, isStatus: false, waitMs, again: false };
    return { ...about, isThere, isServed: () => false };
  }
  return {
    buildId,
    isDebuginfod: false,
    isStatus: pulls === 'status',
    waitMs: Math.min(secondsOf(query.wait), MOST_WAIT) * 1000,
    again: query.again !== undefined,
    // Computed answers need no artifact.
    isThere: pulls === 'parts' ? isWhole : isDone,
    isServed: ({ artifacts }) =>
      pulls === 'record' || (pulls === 'artifact' && Object.hasOwn(artifacts, name)),
  };
}

function secondsOf(text: unknown): number {
  return typeof text === 'string' && /^\d{1,6}$/.test(text) ? Number(text) : 0;
}

/** Whether there is a core to serve, perhaps only for now. */
function hasCore(record: KernelRecord | undefined): boolean {
  return record !== undefined && record.withdrawal?.expired !== true;
}

function isWhole(record: KernelRecord | undefined): boolean {
  return !isToBePulled(record);
}

function isDone(record: KernelRecord | undefined): boolean {
  return isWhole(record) && record?.state !== 'compressing';
}

/** @param url its query may have `wait`, `again` and `pull`. */
function withoutOurs(url: string): string {
  const [path = '', query] = url.split('?', 2);
  if (query === undefined) return url;
  const left = query.split('&').filter((part) => !/^(?:wait|again|pull)(?:=|$)/.test(part));
  return left.length === 0 ? path : `${path}?${left.join('&')}`;
}
