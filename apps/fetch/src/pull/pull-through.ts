import { setTimeout as sleep } from 'node:timers/promises';
import { isBuildId, type KernelRecord, type PullAnswer } from '@btf-depot/contracts';
import { DepotError, isToBePulled, type Pulls, type PullState } from '@btf-depot/depot';
import type { RepeatedWarnings } from '@btf-depot/service-kit';
import { MAX_HOPS, viaOf } from '@btf-depot/upstreams';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { RecentRecords } from '../records/recent-records.ts';
import { answerOf, mayPass, sayMisses, sayPull } from './describe-pull.ts';
import type { WhoMayPull } from './who-may-pull.ts';

export interface PullThroughDeps {
  pulls: Pulls;
  records: RecentRecords;
  who: WhoMayPull;
  warnings: RepeatedWarnings;
  /** Of this depot, the same in all its processes. */
  self: string;
}

/** Seconds that a request may be held: debuginfod's client gives up after 90. */
const MOST_WAIT = 60;

/** Requests that are held at one time. */
const MAX_HELD = 1000;

/** Milliseconds between two looks: at first, and later. */
const LOOK = { early: 40, late: 400, earlyFor: 3000 } as const;

/** The record again, as an export has it. */
const RECORD_FILE = 'record.json';

const KERNEL_PATH = /^\/v1\/kernels\/([0-9a-f]+)(?:\/([\w.-]+))?/;
const SECTION_PATH = /^\/buildid\/([0-9a-f]+)\/section\/(\.BTF[\w.]*)$/;

/** What a request is about. */
interface Wanted {
  buildId: string;
  isDebuginfod: boolean;
  /** Answers while it is fetched, too: status and events say how far it is. */
  isStatus: boolean;
  /** Milliseconds for which it may be held. */
  waitMs: number;
  again: boolean;
  /** Whether there is all of it that there will be. */
  isThere: (record: KernelRecord | undefined) => boolean;
  /** Whether what is there already answers it, for the time being. */
  isServed: (record: KernelRecord) => boolean;
}

/**
 * Before the routes: a kernel that is asked for and not here is fetched. Its asker is told how far
 * that is, or waits: `?wait=SECONDS`; debuginfod's clients always do, for they remember each other
 * answer as missing (see debuginfodHandlers).
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
    // What no route's query knows.
    if (wanted && !wanted.isDebuginfod) request.url = withoutOurs(request.url);
    if (wanted && !isOnlyAsked) await this.#handle(wanted, request, response, next);
    else next();
  };

  /** For the status of a kernel: what is under way for it. */
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
      // The route says what is wrong with the record, or with the store.
      next();
      return;
    }
    let state = isToBePulled(record) ? await this.#begin(wanted, request) : undefined;
    if (!isStatus) ({ record, state } = await this.#hold(wanted, response, { record, state }));
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
      const retryAfter = Math.min(Math.max(pull?.secondsLeft ?? 2, 1), 30);
      const detail = `${buildId} is not here yet: ${pull ? sayPull(pull) : ''}`;
      throw new DepotError('pending', detail, { members: { pull, retryAfter } });
    } else if (!record && state?.state === 'missed') throw missed(buildId, state);
    next();
  }

  /** Asks for it, if that may be; else says what is known of it. */
  async #begin({ buildId, again }: Wanted, request: Request): Promise<PullState | undefined> {
    const { pulls, who, self } = this.#deps;
    const via = viaOf(request.headers);
    // This depot itself asks, for what it is fetching: it would wait for its own answer.
    if (via.includes(self)) return undefined;
    return this.#orOff(async () => {
      const known = await pulls.look(buildId);
      if (known && !(again && known.state === 'missed')) return known;
      // So many depots behind one another are a circle.
      if (via.length >= MAX_HOPS) return known;
      if (!(await who.may(request))) return known;
      return pulls.ask(buildId, { again, via: [...via, self] });
    });
  }

  async #hold(
    { buildId, waitMs, isThere }: Wanted,
    response: Response,
    found: { record: KernelRecord | undefined; state: PullState | undefined },
  ): Promise<typeof found> {
    const { records, pulls } = this.#deps;
    const started = performance.now();
    const waits = () => performance.now() - started < waitMs && !response.destroyed;
    if (waitMs === 0 || this.#held >= MAX_HELD) return found;
    let { record, state } = found;
    this.#held++;
    try {
      while (!isThere(record) && isUnderway(record, state) && waits()) {
        const isEarly = performance.now() - started < LOOK.earlyFor;
        await sleep(isEarly ? LOOK.early : LOOK.late);
        state = await this.#orOff(() => pulls.look(buildId));
        // What is in the store when a pull has ended was there before it had.
        record = await records.newest(buildId).catch(() => record);
      }
      return { record, state };
    } finally {
      this.#held--;
    }
  }

  /** Redis away means that nothing is fetched, and nothing else. */
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

function missed(buildId: string, state: PullState & { state: 'missed' }): DepotError {
  const pull = answerOf(state);
  const detail = `no kernel of build ID ${buildId}, here or elsewhere: ${sayMisses(state.misses)}`;
  return new DepotError('unknown-build-id', detail, { members: { pull } });
}

function wantedOf(request: Request): Wanted | undefined {
  const { path, query } = request;
  const [, section] = SECTION_PATH.exec(path) ?? [];
  if (section !== undefined && isBuildId(section)) {
    const isThere = path.endsWith('/.BTF') ? hasCore : isWhole;
    const waitMs = MOST_WAIT * 1000;
    const about = { buildId: section, isDebuginfod: true, isStatus: false, waitMs, again: false };
    return { ...about, isThere, isServed: () => false };
  }
  const [, buildId, rest] = KERNEL_PATH.exec(path) ?? [];
  if (buildId === undefined || !isBuildId(buildId)) return undefined;
  return {
    buildId,
    isDebuginfod: false,
    isStatus: rest === 'status' || rest === 'events',
    waitMs: Math.min(secondsOf(query.wait), MOST_WAIT) * 1000,
    again: query.again !== undefined,
    // What is computed needs no artifact.
    isThere: rest === 'vars' || rest === 'inlines' ? isWhole : isDone,
    isServed: ({ artifacts }) =>
      rest === undefined || rest === RECORD_FILE || Object.hasOwn(artifacts, rest),
  };
}

function secondsOf(text: unknown): number {
  return typeof text === 'string' && /^\d{1,6}$/.test(text) ? Number(text) : 0;
}

/** Whether there is core to be served, perhaps for the time being. */
function hasCore(record: KernelRecord | undefined): boolean {
  return record !== undefined && record.withdrawal?.expired !== true;
}

function isWhole(record: KernelRecord | undefined): boolean {
  return !isToBePulled(record);
}

function isDone(record: KernelRecord | undefined): boolean {
  return isWhole(record) && record?.state !== 'compressing';
}

/** @param url with a query that may have `wait`, `again` and `pull`. */
function withoutOurs(url: string): string {
  const [path = '', query] = url.split('?', 2);
  if (query === undefined) return url;
  const left = query.split('&').filter((part) => !/^(?:wait|again|pull)(?:=|$)/.test(part));
  return left.length === 0 ? path : `${path}?${left.join('&')}`;
}
