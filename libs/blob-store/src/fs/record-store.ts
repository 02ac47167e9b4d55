import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeRecord, isBuildId, type KernelRecord } from '@btf-depot/contracts';
import { RecordConflict, type RecordStore, type StoredRecord } from '@btf-depot/depot';
import { StoreUnavailable } from '../errors.ts';
import { kernelKey, KERNELS } from '../layout.ts';
import { readRecord } from '../record-bytes.ts';
import { asStore, createFile, emptyFile, unlessMissing } from './durable.ts';
import { FsRecordsAside } from './records-aside.ts';

/** More often than any burst of writers replaces a record between listing and reading. */
const READ_TRIES = 1000;

/**
 * Records as files `kernels/7f/7f76…/record/<n>.json`. The highest number is the record, the number
 * is its version. A writer links the next number; a taken name is the conflict.
 *
 * A replaced record is emptied, but its name stays. Otherwise a writer that slept while two others
 * wrote could link a number below the newest, and believe that it had written the record.
 */
export class FsRecordStore implements RecordStore {
  readonly aside: FsRecordsAside;
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
    const pathOf = (buildId: string, version: string) =>
      `${recordFolder(buildId)}/${fileName(Number(version))}`;
    this.aside = new FsRecordsAside(root, pathOf);
  }

  async get(buildId: string): Promise<StoredRecord | undefined> {
    const folder = recordFolder(buildId);
    return asStore(`read the record of ${buildId}`, async () => {
      for (let tries = 0; tries < READ_TRIES; tries++) {
        const newest = await this.#newest(folder);
        if (newest === 0) return undefined;
        const bytes = await readFile(join(this.#root, folder, fileName(newest)));
        // Empty: replaced since we looked, by an earlier record; or truncated.
        if (bytes.length > 0 || newest === (await this.#newest(folder))) {
          return readRecord(buildId, bytes, String(newest));
        }
      }
      throw new StoreUnavailable(
        `the record of ${buildId} changes faster than this process can read it`,
      );
    });
  }

  async put(record: KernelRecord, expected: string | undefined): Promise<string> {
    const { buildId } = record;
    const folder = recordFolder(buildId);
    return asStore(`write the record of ${buildId}`, async () => {
      const newest = await this.#newest(folder);
      const version = newest === 0 ? undefined : String(newest);
      if (expected !== version) throw new RecordConflict(buildId);
      const next = newest + 1;
      const bytes = encodeRecord(record);
      if (!(await createFile(this.#root, `${folder}/${fileName(next)}`, bytes))) {
        throw new RecordConflict(buildId);
      }
      if (newest > 0) await emptyFile(this.#root, `${folder}/${fileName(newest)}`);
      return String(next);
    });
  }

  async *list(): AsyncIterable<{ buildId: string; version: string }> {
    const shards = (await this.#names(KERNELS)).filter((name) => /^[0-9a-f]{2}$/.test(name));
    for (const shard of shards) {
      const buildIds = (await this.#names(`${KERNELS}/${shard}`)).filter(
        (name) => isBuildId(name) && name.startsWith(shard),
      );
      const numbers = await Promise.all(buildIds.map((id) => this.#newest(recordFolder(id))));
      for (const [index, buildId] of buildIds.entries()) {
        const newest = numbers[index] ?? 0;
        if (newest > 0) yield { buildId, version: String(newest) };
      }
    }
  }

  /** The highest number in a record's folder, 0 if there is none. */
  async #newest(folder: string): Promise<number> {
    const numbers = (await this.#names(folder)).map((name) =>
      Number(/^([1-9]\d*)\.json$/.exec(name)?.[1] ?? 0),
    );
    return numbers.reduce((highest, number) => Math.max(highest, number), 0);
  }

  async #names(folder: string): Promise<string[]> {
    const path = join(this.#root, folder);
    return asStore(`list ${folder}`, async () => (await unlessMissing(() => readdir(path))) ?? []);
  }
}

function recordFolder(buildId: string): string {
  return `${kernelKey(buildId)}/record`;
}

function fileName(number: number): string {
  return `${String(number)}.json`;
}
