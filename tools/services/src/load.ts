import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { balancing } from './programs.ts';

export interface Load {
  /** That were answered. */
  requests: number;
  /** Answers that were neither 2xx nor 3xx, connections that failed, and answers that broke off. */
  failed: number;
  /** What wrk says of it. */
  report: string;
}

/** Asks for a page over connections that are kept, each as fast as it is answered. */
export async function load(
  url: string,
  { seconds, connections }: { seconds: number; connections: number },
): Promise<Load> {
  const [file, ...first] = (await balancing()).wrk;
  // A machine that is busy with other tests answers late, which is no failure.
  const args = ['-t1', `-c${connections}`, `-d${seconds}`, '--timeout', '30', url];
  const { stdout } = await promisify(execFile)(file, [...first, ...args]);
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
  if (Number.isNaN(requests)) throw new Error(`wrk: ${stdout}`);
  const refused = Number(/Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1] ?? 0);
  const errors = /Socket errors: (.*)/.exec(stdout)?.[1]?.match(/\d+/g) ?? [];
  const failed = errors.map(Number).reduce((sum, one) => sum + one, refused);
  return { requests, failed, report: stdout };
}
