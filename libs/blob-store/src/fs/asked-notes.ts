import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isBuildId } from '@btf-depot/contracts';
import type { AskedNotes } from '@btf-depot/depot';
import { ASKED, askedKey } from '../layout.ts';
import { asStore, replaceFile, unlessMissing } from './durable.ts';

/** Notes of kernels that were asked for as empty files `asked/<build ID>`; their time is the note. */
export class FsAskedNotes implements AskedNotes {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  async add(buildId: string): Promise<void> {
    const key = askedKey(buildId);
    await asStore(`note that ${buildId} is asked for`, () =>
      replaceFile(this.#root, key, new Uint8Array()),
    );
  }

  async *list(): AsyncIterable<{ buildId: string; at: Date }> {
    const folder = join(this.#root, ASKED);
    const names = await asStore('list what was asked for', () =>
      unlessMissing(() => readdir(folder)),
    );
    for (const buildId of (names ?? []).filter(isBuildId)) {
      const found = await unlessMissing(() => stat(join(folder, buildId)));
      if (found) yield { buildId, at: found.mtime };
    }
  }

  async remove(buildId: string): Promise<void> {
    const path = join(this.#root, askedKey(buildId));
    await asStore(`remove the note of ${buildId}`, () => rm(path, { force: true }));
  }
}
