/** Runs in a worker thread: opens the files of one task, does its work, hands the bytes over. */
import { DepotError, identifyKernel, packKernel, splitKernel } from '@btf-depot/depot';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { openFileSource } from './file-source.ts';
import type { Outcome, Task } from './messages.ts';

export default function work(task: Task): unknown {
  try {
    const [value, bytes] = run(task);
    // Moved, not copied: the thread that sent the task goes on with these very buffers.
    return move({
      [transferableSymbol]: [...new Set(bytes.filter(isAlone).map(({ buffer }) => buffer))],
      [valueSymbol]: { value } satisfies Outcome<unknown>,
    });
  } catch (error) {
    if (!(error instanceof DepotError)) throw error;
    return { refused: { code: error.code, detail: error.message } } satisfies Outcome<never>;
  }
}

function run(task: Task): [value: unknown, bytes: Uint8Array[]] {
  switch (task.do) {
    case 'identify': {
      using file = openFileSource(task.path);
      return [identifyKernel(file), []];
    }
    case 'split': {
      using kernel = openFileSource(task.paths.kernel);
      using full = task.paths.full === undefined ? undefined : openFileSource(task.paths.full);
      const parts = splitKernel({ kernel, ...(full && { full }) }, task.options);
      const { core, vars, ksyms } = parts;
      return [parts, [core, vars, ksyms].flatMap((part) => (part ? [part.bytes] : []))];
    }
    case 'pack': {
      const artifacts = packKernel(task.input);
      return [artifacts, artifacts.map(({ bytes }) => bytes)];
    }
  }
}

/** A view of something larger is copied: what else lies there is not ours to give away. */
function isAlone({ byteLength, buffer }: Uint8Array): boolean {
  return byteLength === buffer.byteLength;
}
