import { Redis, type RedisOptions } from 'ioredis';

export interface RedisAddress {
  /** `redis://[user:password@]host:port[/db]`, or `rediss://`. */
  url: string;
  /** Sentinels that know the current master; the host of the URL is ignored then. */
  sentinels?: readonly { host: string; port: number }[] | undefined;
  /** Name of the master at the Sentinels. */
  master?: string | undefined;
  /** Of the Sentinels themselves, where they want one. */
  sentinelPassword?: string | undefined;
}

/** Milliseconds that a producer waits for a connection, and then for an answer. */
const FAIL_FAST = { connect: 1000, command: 3000 } as const;

/** Tries again for ever, at least every two seconds. */
const retryStrategy = (times: number): number => Math.min(times * 100, 2000);

/** For producers and probes: a command fails at once without a connection. */
export function producerConnection(address: RedisAddress): Redis {
  return connect(address, {
    retryStrategy,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    commandTimeout: FAIL_FAST.command,
  });
}

/** For workers: commands wait until Redis is back. */
function workerConnection(address: RedisAddress): Redis {
  return connect(address, { retryStrategy, maxRetriesPerRequest: null });
}

/** Without the fields that decide the type of the client. */
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
    // The former master is a replica by now: find the new one, and send again there.
    reconnectOnError: ({ message }) => (message.startsWith('READONLY') ? 2 : false),
  });
}

/** Resolves once connected; rejects if that takes more than a moment. */
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
 * A broken connection reports each of its attempts: passes a message on if it is new, or if the
 * connection was back in between.
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
 * Ends a connection in any state. disconnect() alone leaves one that was about to reconnect in that
 * state, without an end and with waiting commands, and BullMQ waits for both: it takes one more
 * attempt, after which it ends.
 */
function endForGood(redis: Redis): void {
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
