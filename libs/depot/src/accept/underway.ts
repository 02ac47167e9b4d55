import { Progress } from '../progress.ts';

/**
 * The kernels that this process is splitting, by build ID: uploads that have no answer yet, and
 * perhaps no record. In memory: other processes do not know, and a restart ends the uploads too.
 */
export class Underway {
  readonly #splits = new Map<string, Progress>();

  /** How far the split of a kernel is, the latest to begin where there are several. */
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
