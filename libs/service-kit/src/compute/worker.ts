/** Runs in a worker thread: opens the files of one task, does its work, hands the bytes over. */
import {
  DepotError,
  packKernel,
  splitKernel,
  type KernelParts,
  type SplitOptions,
  type UploadPaths,
} from '@btf-depot/depot';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { openFileSource } from './file-source.ts';
import type { Outcome, Task } from './messages.ts';
import { unpackFile } from './unpack-file.ts';

export default async function work(task: Task): Promise<unknown> {
  try {
    const [value, bytes] = await run(task);
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

async function run(task: Task): Promise<[value: unknown, bytes: Uint8Array[]]> {
  switch (task.do) {
    case 'unpack':
      return [await unpackFile(task.part, task.path, task.folder), []];
    case 'split': {
      const parts = split(task.paths, task.options);
      const { core, vars, ksyms } = parts;
      return [parts, [core, vars, ksyms].flatMap((part) => (part ? [part.bytes] : []))];
    }
    case 'pack': {
      const artifacts = packKernel(task.input);
      return [artifacts, artifacts.map(({ bytes }) => bytes)];
    }
  }
}

function split({ core, ...paths }: UploadPaths, options: SplitOptions): KernelParts {
  using files = new DisposableStack();
  const open = (path: string | undefined) =>
    path === undefined ? undefined : files.use(openFileSource(path));
  const [kernel, full, module] = [open(paths.kernel), open(paths.full), open(paths.module)];
  const input = {
    ...(kernel && { kernel }),
    ...(full && { full }),
    ...(module && { module }),
    ...(core && { core }),
  };
  return splitKernel(input, options);
}

/** A view of something larger is copied: what else lies there is not ours to give away. */
function isAlone({ byteLength, buffer }: Uint8Array): boolean {
  return byteLength === buffer.byteLength;
}
