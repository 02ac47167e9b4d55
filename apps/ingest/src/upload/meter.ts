import { Transform } from 'node:stream';
import { DepotError } from '@btf-depot/depot';

export interface UploadRules {
  /** Bytes, of all parts together. */
  limit: number;
  /** Milliseconds. */
  period: number;
  /** Bytes that must arrive in each period. */
  least: number;
  /** Bytes that must arrive in each second, on average from the beginning. */
  rate: number;
}

/** Periods before the average counts: a connection may start slowly. */
const STARTING = 2;

/**
 * Passes the body of an upload on, and ends it with `too-large` past the limit, with
 * `upload-stalled` if the sender is slower than the rules allow. Periods in which our own reader
 * was slow do not count.
 */
export class Meter extends Transform {
  readonly #rules: UploadRules;
  readonly #timer: NodeJS.Timeout;
  readonly #arrived: () => number;
  #total = 0;
  /** Bytes that arrived: by the end of the last period; in all periods that count. */
  #before: number;
  #counted = 0;
  #periods = 0;

  /** @param arrived received bytes as sent: the bytes that pass here are decoded. */
  constructor(rules: UploadRules, arrived: () => number) {
    super();
    this.#rules = rules;
    this.#arrived = arrived;
    this.#before = arrived();
    this.#timer = setInterval(() => this.#endPeriod(), rules.period);
    this.#timer.unref();
  }

  override _transform(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    this.#total += chunk.length;
    if (this.#total > this.#rules.limit) {
      done(
        new DepotError('too-large', `the upload exceeds the limit of ${this.#rules.limit} bytes`),
      );
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
    const { least, period, rate } = this.#rules;
    const arrived = this.#arrived();
    const inPeriod = arrived - this.#before;
    this.#before = arrived;
    const waitsForReader = this.readableLength > 0;
    if (waitsForReader || this.writableEnded) return;
    if (inPeriod < least) {
      this.#stalled(`${inPeriod} bytes arrived in ${period / 1000} s; the least is ${least}`);
      return;
    }
    this.#counted += inPeriod;
    this.#periods++;
    const seconds = (this.#periods * period) / 1000;
    if (this.#periods < STARTING || this.#counted >= rate * seconds) return;
    const average = Math.floor(this.#counted / seconds);
    this.#stalled(`${average} bytes a second arrived on average; the least is ${rate}`);
  }

  #stalled(detail: string): void {
    this.destroy(new DepotError('upload-stalled', detail));
  }
}
