/** Milliseconds between two lines of one cause. */
const PERIOD = 60_000;

/** Most distinct causes; beyond, the oldest is forgotten. */
const MOST = 1000;

/** The part of a log that is used here. */
interface WarningLog {
  warn: (fields: object, message: string) => void;
}

interface Cause {
  said: number;
  /** Repetitions since the last line. */
  times: number;
}

/**
 * Warns of a new cause, and then at most once a minute, with the number of repetitions: an outage
 * affects thousands of requests, and one line is enough.
 */
export class RepeatedWarnings {
  readonly #log: WarningLog;
  readonly #causes = new Map<string, Cause>();

  constructor(log: WarningLog) {
    this.#log = log;
  }

  warn(fields: object, message: string, error: unknown): void {
    const detail = error instanceof Error ? error.message : String(error);
    // The same fault of another kernel, blob or job is the same cause.
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
