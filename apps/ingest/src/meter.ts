import { Transform } from 'node:stream';
import { DepotError } from '@btf-depot/depot';

export interface UploadRules {
  /** Bytes, of all parts together. */
  limit: number;
  /** Milliseconds. */
  period: number;
  /** Bytes that must arrive in each period. */
  least: number;
}

/**
 * Passes the body of an upload on, and ends it with `too-large` past the limit, with
 * `upload-stalled` where the sender is slower than the rules allow. Time that the reader behind
 * takes is not held against the sender.
 */
export class Meter extends Transform {
  readonly #rules: UploadRules;
  readonly #timer: NodeJS.Timeout;
  #total = 0;
  #inPeriod = 0;

  constructor(rules: UploadRules) {
    super();
    this.#rules = rules;
    this.#timer = setInterval(() => this.#endPeriod(), rules.period);
    this.#timer.unref();
  }

  override _transform(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    this.#total += chunk.length;
    this.#inPeriod += chunk.length;
    if (this.#total > this.#rules.limit) {
      done(new DepotError('too-large', `the upload is larger than ${this.#rules.limit} bytes`));
      return;
    }
    this.push(chunk);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearInterval(this.#timer);
    done(error);
  }

  #endPeriod(): void {
    const { least, period } = this.#rules;
    const waitsForReader = this.readableLength > 0;
    if (this.#inPeriod < least && !waitsForReader && !this.writableEnded) {
      this.destroy(
        new DepotError(
          'upload-stalled',
          `${this.#inPeriod} bytes in ${period / 1000} s, at least ${least} are expected`,
        ),
      );
    }
    this.#inPeriod = 0;
  }
}
