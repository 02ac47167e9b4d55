import { setTimeout as sleep } from 'node:timers/promises';
import { SingleFlight } from '@btf-depot/depot';

/** Milliseconds that a check may take. */
const LIMIT = 2000;

/** Milliseconds for which its result is kept, for any number of requests. */
const MAX_AGE = 1000;

export interface Check {
  /** Rejects with the reason of a failure. */
  run: () => Promise<void>;
  /**
   * `hard`: without it the service can do none of its work, and balancers should avoid it.
   * `degraded`: part of the work waits or fails, as it would in every other process.
   */
  kind: 'hard' | 'degraded';
}

export type Checks = Readonly<Record<string, Check>>;

/** Each failed check, and its reason. */
interface Readiness {
  failing: Record<string, string>;
  degraded: Record<string, string>;
}

interface Result {
  at: number;
  /** Undefined: it holds. */
  reason: string | undefined;
}

/** Runs the checks on request; a hanging check fails, and is not started again meanwhile. */
export class ReadinessChecks {
  readonly #checks: Checks;
  readonly #limit: number;
  readonly #results = new Map<string, Result>();
  readonly #runs: SingleFlight<void, string>;

  /** @param limit milliseconds for each. */
  constructor(checks: Checks, limit = LIMIT) {
    this.#checks = checks;
    this.#limit = limit;
    this.#runs = new SingleFlight((name: string) => this.#run(name));
  }

  async look(): Promise<Readiness> {
    const found: Readiness = { failing: {}, degraded: {} };
    await Promise.all(
      Object.entries(this.#checks).map(async ([name, { kind }]) => {
        const reason = await this.#reason(name);
        if (reason === undefined) return;
        found[kind === 'hard' ? 'failing' : 'degraded'][name] = reason;
      }),
    );
    return found;
  }

  /** Every check by its name, with whether it holds. */
  async each(): Promise<[name: string, kind: Check['kind'], holds: boolean][]> {
    return Promise.all(
      Object.entries(this.#checks).map(async ([name, { kind }]) => {
        const holds = (await this.#reason(name)) === undefined;
        return [name, kind, holds] satisfies [string, string, boolean];
      }),
    );
  }

  async #reason(name: string): Promise<string | undefined> {
    const known = this.#results.get(name);
    if (known && performance.now() - known.at < MAX_AGE) return known.reason;
    const late = sleep(this.#limit, `no answer within ${this.#limit} ms`, { ref: false });
    return Promise.race([this.#runs.run(name).then(() => this.#results.get(name)?.reason), late]);
  }

  async #run(name: string): Promise<void> {
    const reason = await this.#checks[name]?.run().then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    this.#results.set(name, { at: performance.now(), reason });
  }
}
