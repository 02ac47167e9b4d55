import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  SingleFlight,
  type Asking,
  type Found,
  type Miss,
  type OfferedFile,
  type Upstream,
} from '@btf-depot/depot';
import type { SourceKind, SourceOptions } from '../../kinds.ts';

/** Paths of debug information by build ID, below its own folder or the root of a system. */
const BY_BUILD_ID = ['.build-id', 'usr/lib/debug/.build-id'];

/** Thousands of files of these names, none of them a kernel. */
const NEVER = /\.ko(\.(gz|xz|zst|debug))?$|(^|\/)\.build-id\//;

/** Most files that are opened. */
const MAX_FILES = 20_000;

/**
 * A folder of this machine: packages, kernels and their debug information, in subfolders of any
 * depth, or a tree `.build-id/xx/yyyy.debug`, which is searched first. Each file is opened once to
 * learn its build IDs.
 */
export const files: SourceKind = {
  at: 'path',
  open: (at, name, options) => new Files(at, name, options),
};

/** A file as it was when it was opened. */
interface Looked {
  /** Changes with the file. */
  version: string;
  buildIds: readonly string[];
}

class Files implements Upstream {
  readonly kind = 'files';
  readonly name: string;
  readonly #root: string;
  readonly #look: SourceOptions['look'];
  readonly #looked = new Map<string, Looked>();
  readonly #looks = new SingleFlight((path: string) => this.#lookInto(path));

  constructor(root: string, name: string, { look }: SourceOptions) {
    this.#root = root;
    this.name = name;
    this.#look = look;
  }

  async find(buildId: string, { signal }: Asking): Promise<Found | Miss> {
    signal.throwIfAborted();
    try {
      const path = (await this.#byBuildId(buildId)) ?? (await this.#byContent(buildId, signal));
      if (path !== undefined) return { files: [await offer(path)] };
      return { reason: 'missing', detail: `no file in ${this.#root} is of ${buildId}` };
    } catch (error) {
      signal.throwIfAborted();
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === undefined) throw error;
      return { reason: 'unreachable', detail: message };
    }
  }

  async #byBuildId(buildId: string): Promise<string | undefined> {
    for (const folder of BY_BUILD_ID) {
      const name = `${buildId.slice(2)}.debug`;
      const path = join(this.#root, folder, buildId.slice(0, 2), name);
      const found = await stat(path).catch(() => undefined);
      if (found?.isFile()) return path;
    }
    return undefined;
  }

  async #byContent(buildId: string, signal: AbortSignal): Promise<string | undefined> {
    const names = await readdir(this.#root, { recursive: true });
    const candidates = names.filter((name) => !NEVER.test(name)).slice(0, MAX_FILES);
    const paths = candidates.map((name) => join(this.#root, name));
    const isOf = (path: string) => this.#looked.get(path)?.buildIds.includes(buildId) === true;
    // Files with a known match come first, since opening a package takes as long as unpacking it.
    for (const path of [...paths.filter(isOf), ...paths.filter((path) => !isOf(path))]) {
      signal.throwIfAborted();
      if ((await this.#looks.run(path)).includes(buildId)) return path;
    }
    return undefined;
  }

  async #lookInto(path: string): Promise<readonly string[]> {
    const found = await stat(path).catch(() => undefined);
    if (!found?.isFile()) return [];
    const version = `${found.size} ${found.mtimeMs} ${found.ino}`;
    const looked = this.#looked.get(path);
    if (looked?.version === version) return looked.buildIds;
    const buildIds = await this.#look(path);
    this.#looked.set(path, { version, buildIds });
    return buildIds;
  }
}

async function offer(path: string): Promise<OfferedFile> {
  const { size } = await stat(path);
  return {
    name: basename(path),
    part: 'kernel',
    size,
    async open(start) {
      const found = await stat(path).catch(() => undefined);
      if (!found) return { reason: 'missing', detail: `there is no ${path} any more` };
      return { start, size: found.size, bytes: createReadStream(path, { start }) };
    },
  };
}
