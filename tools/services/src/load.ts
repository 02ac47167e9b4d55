import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { balancing } from './programs.ts';

export interface Load {
  /** Number of answered requests. */
  requests: number;
  /** Answers other than 2xx and 3xx, failed connections, and broken answers. */
  failed: number;
  /** wrk's output. */
  report: string;
}

/** Requests a page over persistent connections, as fast as it is answered. */
export async function load(
  url: string,
  { seconds, connections }: { seconds: number; connections: number },
): Promise<Load> {
  const [file, ...first] = (await balancing()).wrk;
  // A busy machine answers late, which is no failure.
  const args = ['-t1', `-c${connections}`, `-d${seconds}`, '--timeout', '30', url];
  const { stdout } = await promisify(execFile)(file, [...first, ...args]);
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
  if (Number.isNaN(requests)) throw new Error(`wrk: ${stdout}`);
  const refused = Number(/Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1] ?? 0);
  const errors = /Socket errors: (.*)/.exec(stdout)?.[1]?.match(/\d+/g) ?? [];
  const failed = errors.map(Number).reduce((sum, one) => sum + one, refused);
  return { requests, failed, report: stdout };
}
