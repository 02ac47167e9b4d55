import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { redisCommand } from '../programs.ts';
import { pings } from './redis.ts';
import { Server } from '../server.ts';

export interface Sentinel {
  readonly host: string;
  readonly port: number;
  readonly stop: () => Promise<void>;
}

/**
 * A single Sentinel, which takes a master for dead after a second.
 * @param port of the master.
 * @param passwords that it demands from clients, and that the master demands from it.
 */
export async function startSentinel(
  master: string,
  port: number,
  passwords?: { own: string; master: string },
): Promise<Sentinel> {
  const host = '127.0.0.1';
  const server = await Server.start({
    name: 'sentinel',
    command: await redisCommand(),
    // It writes its knowledge into its configuration.
    prepare: (own, folder) =>
      writeFile(
        join(folder, 'sentinel.conf'),
        `port ${own}\nbind ${host}\ndir ${folder}\n` +
          `sentinel monitor ${master} ${host} ${port} 1\n` +
          `sentinel down-after-milliseconds ${master} 1000\n` +
          `sentinel failover-timeout ${master} 5000\n` +
          (passwords
            ? `requirepass ${passwords.own}\nsentinel auth-pass ${master} ${passwords.master}\n`
            : ''),
      ),
    args: (_port, folder) => [join(folder, 'sentinel.conf'), '--sentinel'],
    answers: pings,
  });
  return { host, port: server.port, stop: () => server.stop() };
}
