import { once } from 'node:events';
import { connect } from 'node:net';
import { redisCommand, valkeyCommand } from '../programs.ts';
import type { CommandLine } from '../provision/index.ts';
import { Server } from '../server.ts';

export interface RedisAddress {
  readonly url: string;
}

export interface RedisServer extends RedisAddress {
  readonly server: Server;
  /** Deletes everything in every database. */
  readonly flush: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Runs a command without arguments; returns the first line of the answer. */
async function send(port: number, command: 'PING' | 'FLUSHALL'): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const signal = AbortSignal.timeout(5000);
  try {
    await once(socket, 'connect', { signal });
    socket.write(`${command}\r\n`);
    const [answer] = (await once(socket, 'data', { signal })) as [Buffer];
    return answer.toString('latin1').trimEnd();
  } finally {
    socket.destroy();
  }
}

/** Whether a Redis or a Sentinel answers there. */
export function pings(port: number): Promise<boolean> {
  return send(port, 'PING').then(
    // Or it wants a password first.
    (answer) => answer === '+PONG' || answer.startsWith('-NOAUTH'),
    () => false,
  );
}

/**
 * Starts a private Redis. As BullMQ demands, it never evicts; it writes nothing to disk, so
 * `restart` comes back empty.
 * @param more arguments, such as those of a replica.
 */
export async function startRedis(more: readonly string[] = []): Promise<RedisServer> {
  return start('redis', await redisCommand(), more);
}

/** As startRedis, a Valkey. */
export async function startValkey(more: readonly string[] = []): Promise<RedisServer> {
  return start('valkey', await valkeyCommand(), more);
}

async function start(
  name: string,
  command: CommandLine,
  more: readonly string[],
): Promise<RedisServer> {
  const server = await Server.start({
    name,
    command,
    args: (port, folder) => [
      '--port',
      `${port}`,
      '--bind',
      '127.0.0.1',
      '--dir',
      folder,
      '--save',
      '',
      '--appendonly',
      'no',
      '--maxmemory-policy',
      'noeviction',
      ...more,
    ],
    answers: pings,
  });
  return {
    url: `redis://127.0.0.1:${server.port}`,
    server,
    flush: async () => {
      const answer = await send(server.port, 'FLUSHALL');
      if (answer !== '+OK') throw new Error(`redis: FLUSHALL: ${answer}`);
    },
    stop: () => server.stop(),
  };
}
