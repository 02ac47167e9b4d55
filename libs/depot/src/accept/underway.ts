import { Progress } from '../progress.ts';

/**
 * The kernels that this process is splitting, by build ID: uploads without an answer, and perhaps
 * without a record. Only in memory: other processes do not know them, and a restart ends the
 * uploads too.
 */
export class Underway {
  readonly #splits = new Map<string, Progress>();

  /** Progress of the kernel's split, the latest if there are several. */
  get(buildId: string): Progress | undefined {
    return this.#splits.get(buildId);
  }

  /** Shows the progress of `split` while it runs. */
  async during<Result>(
    buildId: string,
    split: (progress: Progress) => Promise<Result>,
  ): Promise<Result> {
    const progress = new Progress();
    this.#splits.set(buildId, progress);
    try {
      return await split(progress);
    } finally {
      if (this.#splits.get(buildId) === progress) this.#splits.delete(buildId);
    }
  }
}
