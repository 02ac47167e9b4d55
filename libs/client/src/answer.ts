import { ProblemError } from './problem-error.ts';

/** What a schema of libs/contracts offers here. */
export interface Schema<Output> {
  parse(value: unknown): Output;
}

/**
 * Where the bytes of an answer begin: what stands before a depot may send the whole where a range
 * was asked for, or another range. Undefined: it is no answer with bytes.
 */
export function firstByteOf({ status, headers }: Response, asked: number): number | undefined {
  if (status === 200) return 0;
  if (status !== 206) return undefined;
  // Of another origin a browser shows only what the server allows.
  const range = headers.get('content-range');
  if (range === null) return asked;
  const first = /^bytes (\d+)-/.exec(range)?.[1];
  return first === undefined ? undefined : Number(first);
}

export function noneIfUnknown(error: unknown): undefined {
  if (error instanceof ProblemError && error.code === 'unknown-build-id') return undefined;
  throw error;
}

export async function parse<Output>(response: Response, schema: Schema<Output>): Promise<Output> {
  try {
    return schema.parse(await response.json());
  } catch (error) {
    throw notADepot(response, error instanceof Error ? error.message.slice(0, 200) : '');
  }
}

export function notADepot({ status }: Response, detail: string): ProblemError {
  return new ProblemError({ code: 'not-a-depot', status, title: `HTTP ${status}`, detail });
}
