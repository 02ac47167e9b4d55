/** Milliseconds between two lines of one cause. */
const PERIOD = 60_000;

/** Causes that are told apart; beyond it, the one that came first is forgotten. */
const MOST = 1000;

/** A log, of which no more is needed. */
interface WarningLog {
  warn: (fields: object, message: string) => void;
}

interface Cause {
  said: number;
  /** Since it was said. */
  times: number;
}

/**
 * Warns of a cause when it is new, and then once a minute at most, with how often it came: what is
 * away is so for thousands of requests, and one line says it.
 */
export class RepeatedWarnings {
  readonly #log: WarningLog;
  readonly #causes = new Map<string, Cause>();

  constructor(log: WarningLog) {
    this.#log = log;
  }

  warn(fields: object, message: string, error: unknown): void {
    const detail = error instanceof Error ? error.message : String(error);
    // The same of another kernel, blob or job is the same cause.
    const key = `${message} ${detail}`.replaceAll(/[\da-f]{8,}|\d+/g, '#');
    const now = performance.now();
    const known = this.#causes.get(key);
    if (known && now - known.said < PERIOD) {
      known.times++;
      return;
    }
    this.#log.warn({ ...fields, detail, times: known && known.times + 1 }, message);
    this.#causes.delete(key);
    const [oldest] = this.#causes.keys();
    if (this.#causes.size >= MOST && oldest !== undefined) this.#causes.delete(oldest);
    this.#causes.set(key, { said: now, times: 0 });
  }
}
