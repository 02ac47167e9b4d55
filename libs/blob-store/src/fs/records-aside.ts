import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RecordAside, RecordsAside } from '@btf-depot/depot';
import { asideKey, asideOf, RECORDS_ASIDE } from '../layout.ts';
import { asStore, createFile, unlessMissing } from './durable.ts';

/** Malformed records as files `damaged/records/<build ID>.<n>.json`. */
export class FsRecordsAside implements RecordsAside {
  readonly #root: string;
  readonly #pathOf: (buildId: string, version: string) => string;

  /** @param pathOf the file of a version of a record. */
  constructor(root: string, pathOf: (buildId: string, version: string) => string) {
    this.#root = root;
    this.#pathOf = pathOf;
  }

  async keep(buildId: string, version: string): Promise<void> {
    await asStore(`set the record of ${buildId} aside`, async () => {
      const path = join(this.#root, this.#pathOf(buildId, version));
      const bytes = await unlessMissing(() => readFile(path));
      if (bytes) await createFile(this.#root, asideKey(buildId, version), bytes);
    });
  }

  async remove(buildId: string, version: string): Promise<void> {
    const key = asideKey(buildId, version);
    await asStore(`delete ${key}`, () => rm(join(this.#root, key), { force: true }));
  }

  async *list(): AsyncIterable<RecordAside> {
    const folder = join(this.#root, RECORDS_ASIDE);
    const names = await asStore('list what is set aside', () =>
      unlessMissing(() => readdir(folder)),
    );
    for (const name of names ?? []) {
      const found = asideOf(name);
      if (!found) continue;
      const bytes = await asStore(`read ${name}`, () => readFile(join(folder, name)));
      yield { ...found, bytes };
    }
  }
}
