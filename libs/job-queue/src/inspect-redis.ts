import type { Redis } from 'ioredis';
import { UnfitQueue } from './errors.ts';

/** BullMQ's scripts need features of this version. */
const LEAST_MAJOR = 5;

/**
 * Whether a server can hold the queue, by its own INFO.
 *
 * @returns warnings that do not keep it from working.
 * @throws UnfitQueue if it could never work.
 */
export async function inspectRedis(redis: Redis): Promise<string[]> {
  let info: string;
  try {
    info = await redis.info();
  } catch (error) {
    // A Redis user may have every right but that one.
    if (!(error as Error).message.startsWith('NOPERM')) throw error;
    return ['this user of Redis may not run INFO, so version and settings are not checked'];
  }
  return judgeRedis(info);
}

/** @param info the answer to INFO. @throws as `inspectRedis`. */
export function judgeRedis(info: string): string[] {
  const values = new Map(
    info.split('\r\n').map((line) => {
      const [name = '', ...value] = line.split(':');
      return [name, value.join(':')] as const;
    }),
  );
  const is = (name: string, value: string) => values.get(name) === value;
  if (is('redis_mode', 'sentinel')) {
    throw new UnfitQueue(
      'this is the port of a Sentinel; name it in BTFDEPOT_REDIS_SENTINELS instead',
    );
  }
  if (is('cluster_enabled', '1') || is('redis_mode', 'cluster')) {
    throw new UnfitQueue(
      'this is a Redis Cluster, which spreads the keys of a queue over servers, so that no script ' +
        'reaches all of them; use a Redis without cluster mode, alone or with Sentinel',
    );
  }
  // Valkey reports 7.2.4 here, the version that it was forked from.
  const version = values.get('redis_version') ?? '';
  if (Number.parseInt(version, 10) < LEAST_MAJOR) {
    throw new UnfitQueue(`Redis ${version} is too old; the queue needs ${LEAST_MAJOR} or newer`);
  }
  const policy = values.get('maxmemory_policy') ?? 'noeviction';
  if (policy === 'noeviction') return [];
  return [
    `Redis may evict jobs (maxmemory-policy ${policy}); set it to noeviction. Until then, ` +
      'kernels of evicted jobs wait for the next sweep',
  ];
}
