import { Redis } from 'ioredis';

/** Milliseconds that a producer waits for a connection, and then for an answer. */
const FAIL_FAST = { connect: 1000, command: 3000 } as const;

/** Tries again for ever, at least every two seconds. */
const retryStrategy = (times: number): number => Math.min(times * 100, 2000);

/** For producers and probes: a command fails at once where there is no connection. */
export function producerConnection(url: string): Redis {
  return new Redis(url, {
    retryStrategy,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    commandTimeout: FAIL_FAST.command,
  });
}

/** For workers: commands wait until Redis is back. */
export function workerConnection(url: string): Redis {
  return new Redis(url, { retryStrategy, maxRetriesPerRequest: null });
}

/** Resolves once connected; rejects where that is not so in a moment. */
export async function connected(redis: Redis): Promise<void> {
  if (redis.status === 'ready') return;
  await new Promise<void>((resolve, reject) => {
    const end = (error?: Error): void => {
      clearTimeout(timer);
      redis.off('ready', ready).off('end', gone);
      if (error) reject(error);
      else resolve();
    };
    const ready = (): void => end();
    const gone = (): void => end(new Error('the connection is closed'));
    const timer = setTimeout(() => end(new Error('there is no connection')), FAIL_FAST.connect);
    redis.once('ready', ready).once('end', gone);
    if (redis.status === 'end') gone();
  });
}

/**
 * A connection that is down says so at each of its attempts: passes a message on when it is new,
 * and again after the connection was there.
 */
export function onceEach(redis: Redis, onError: (error: Error) => void): (error: Error) => void {
  const said = new Set<string>();
  redis.on('ready', () => said.clear());
  return (error) => {
    if (said.has(error.message)) return;
    said.add(error.message);
    onError(error);
  };
}

/**
 * Ends a connection whatever its state. One that was about to connect again is left in that state
 * by disconnect() alone, without an end and with its commands waiting, and BullMQ waits for both:
 * it takes one more try, after which it ends.
 */
export function endForGood(redis: Redis): void {
  redis.disconnect();
  if (redis.status !== 'reconnecting') return;
  redis.once('ready', () => redis.disconnect());
  redis.connect().catch(() => undefined);
}
