/**
 * Runs in a worker thread: opens the files of one task, does the work, and hands over the bytes.
 */
import {
  bytesOf,
  compressCarrier,
  DepotError,
  plainArtifacts,
  Progress,
  verifyParts,
  type KernelParts,
} from '@btf-depot/depot';
import { move, transferableSymbol, valueSymbol, workerData } from 'piscina';
import { memoryGuard } from './memory-guard.ts';
import type { Outcome, Task, ThreadData } from './messages.ts';
import { splitPaths } from './split-paths.ts';
import { unpackFile } from './unpack-file.ts';

const guard = memoryGuard((workerData as ThreadData).memoryLimit);

export default async function work(task: Task): Promise<unknown> {
  try {
    const [value, bytes] = await run(task);
    // Moved, not copied: the sending thread continues with these buffers.
    return move({
      [transferableSymbol]: [...new Set(bytes.filter(isAlone).map(({ buffer }) => buffer))],
      [valueSymbol]: { value } satisfies Outcome<unknown>,
    });
  } catch (error) {
    if (!(error instanceof DepotError)) throw error;
    return { refused: { code: error.code, detail: error.message } } satisfies Outcome<never>;
  }
}

async function run(task: Task): Promise<[value: unknown, bytes: Uint8Array[]]> {
  switch (task.do) {
    case 'unpack': {
      const { part, path, folder, threads } = task;
      return [await unpackFile(part, path, folder, { threads, guard }), []];
    }
    case 'split': {
      const parts = split(task);
      return [parts, bytesOf(parts).map(({ bytes }) => bytes)];
    }
    case 'verify':
      verifyParts(task.parts);
      return [undefined, []];
    case 'make': {
      const artifacts = plainArtifacts(task.input);
      return [artifacts, artifacts.map(({ bytes }) => bytes)];
    }
    case 'compress': {
      const packed = await compressCarrier(task.carrier);
      return [packed, [packed.bytes]];
    }
  }
}

function split({ paths, options, progress }: Task & { do: 'split' }): KernelParts {
  const shown = progress && new Progress(progress);
  const onUnit = (done: number, total: number) => {
    guard();
    shown?.tell(done, total);
  };
  return splitPaths(paths, options, { guard, onUnit });
}

/** A view of a larger buffer is copied: the rest of that buffer is not ours to move. */
function isAlone({ byteLength, buffer }: Uint8Array): boolean {
  return byteLength === buffer.byteLength;
}
