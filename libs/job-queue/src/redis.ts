import { Redis, type RedisOptions } from 'ioredis';

export interface RedisAddress {
  /** `redis://[user:password@]host:port[/db]`, or `rediss://`. */
  url: string;
  /** Who knows the server that is the master now; the host of the URL is not asked then. */
  sentinels?: readonly { host: string; port: number }[] | undefined;
  /** What they call it. */
  master?: string | undefined;
  /** Of the Sentinels themselves, where they want one. */
  sentinelPassword?: string | undefined;
}

/** Milliseconds that a producer waits for a connection, and then for an answer. */
const FAIL_FAST = { connect: 1000, command: 3000 } as const;

/** Tries again for ever, at least every two seconds. */
const retryStrategy = (times: number): number => Math.min(times * 100, 2000);

/** For producers and probes: a command fails at once where there is no connection. */
export function producerConnection(address: RedisAddress): Redis {
  return connect(address, {
    retryStrategy,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    commandTimeout: FAIL_FAST.command,
  });
}

/** For workers: commands wait until Redis is back. */
export function workerConnection(address: RedisAddress): Redis {
  return connect(address, { retryStrategy, maxRetriesPerRequest: null });
}

/** Without what decides the type of the client. */
type Options = Omit<RedisOptions, 'replyMapping'>;

function connect(
  { url, sentinels = [], master, sentinelPassword }: RedisAddress,
  options: Options,
): Redis {
  if (sentinels.length === 0) return new Redis(url, options);
  const { protocol, username, password, pathname } = new URL(url);
  return new Redis({
    ...options,
    sentinels: [...sentinels],
    name: master,
    sentinelPassword,
    username: username === '' ? undefined : decodeURIComponent(username),
    password: password === '' ? undefined : decodeURIComponent(password),
    db: Number(pathname.slice(1)),
    tls: protocol === 'rediss:' ? {} : undefined,
    enableTLSForSentinelMode: protocol === 'rediss:',
    sentinelRetryStrategy: retryStrategy,
    // One that was the master and is a replica by now: ask who is, and send it again there.
    reconnectOnError: ({ message }) => (message.startsWith('READONLY') ? 2 : false),
  });
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

/** BullMQ duplicates the connection that it is given, to block on: both are ended. */
export function trackedConnection(address: RedisAddress): { first: Redis; end: () => void } {
  const first = workerConnection(address);
  const all = [first];
  const duplicate = first.duplicate.bind(first);
  first.duplicate = (override) => {
    const copy = duplicate(override);
    all.push(copy);
    return copy;
  };
  return { first, end: () => all.forEach(endForGood) };
}
