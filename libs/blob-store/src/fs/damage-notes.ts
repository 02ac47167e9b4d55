import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isSha256 } from '@btf-depot/contracts';
import type { DamageNotes } from '@btf-depot/depot';
import { damageKey, DAMAGED } from '../layout.ts';
import { asStore, createFile, unlessMissing } from './durable.ts';

/** Notes of damaged blobs as empty files `damaged/<SHA-256>`. */
export class FsDamageNotes implements DamageNotes {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  async add(sha256: string): Promise<void> {
    const key = damageKey(sha256);
    await asStore(`note damage of ${sha256}`, () => createFile(this.#root, key, new Uint8Array()));
  }

  async *list(): AsyncIterable<string> {
    const names = await asStore('list what is damaged', () =>
      unlessMissing(() => readdir(join(this.#root, DAMAGED))),
    );
    yield* (names ?? []).filter(isSha256);
  }

  async remove(sha256: string): Promise<void> {
    const path = join(this.#root, damageKey(sha256));
    await asStore(`remove the note of ${sha256}`, () => rm(path, { force: true }));
  }
}
