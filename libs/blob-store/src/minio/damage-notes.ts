import { isSha256 } from '@btf-depot/contracts';
import type { DamageNotes } from '@btf-depot/depot';
import { damageKey, DAMAGED } from '../layout.ts';
import type { Bucket } from './bucket.ts';

/** Notes of damaged blobs as empty objects `damaged/<SHA-256>`. */
export class MinioDamageNotes implements DamageNotes {
  readonly #bucket: Bucket;

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  async add(sha256: string): Promise<void> {
    await this.#bucket.put(damageKey(sha256), new Uint8Array(), { 'If-None-Match': '*' });
  }

  async *list(): AsyncIterable<string> {
    for await (const { key } of this.#bucket.list(`${DAMAGED}/`)) {
      const sha256 = key.slice(DAMAGED.length + 1);
      if (isSha256(sha256)) yield sha256;
    }
  }

  async remove(sha256: string): Promise<void> {
    await this.#bucket.delete(damageKey(sha256));
  }
}
