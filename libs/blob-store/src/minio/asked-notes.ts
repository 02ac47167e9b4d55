import { isBuildId } from '@btf-depot/contracts';
import type { AskedNotes } from '@btf-depot/depot';
import { ASKED, askedKey } from '../layout.ts';
import type { Bucket } from './bucket.ts';

/** Notes of kernels that were asked for as empty objects `asked/<build ID>`; their time is the note. */
export class MinioAskedNotes implements AskedNotes {
  readonly #bucket: Bucket;

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  async add(buildId: string): Promise<void> {
    await this.#bucket.put(askedKey(buildId), new Uint8Array(), {});
  }

  async *list(): AsyncIterable<{ buildId: string; at: Date }> {
    for await (const { key, at } of this.#bucket.list(`${ASKED}/`)) {
      const buildId = key.slice(ASKED.length + 1);
      if (isBuildId(buildId)) yield { buildId, at };
    }
  }

  async remove(buildId: string): Promise<void> {
    await this.#bucket.delete(askedKey(buildId));
  }
}
