import { startMinio, type MinioServer } from './servers/minio.ts';
import { startRedis, type RedisServer } from './servers/redis.ts';

export interface Services {
  readonly redis: RedisServer;
  readonly minio: MinioServer;
}

type Wanted = Readonly<Partial<Record<keyof Services, boolean>>>;

/** The requested servers, and `stop` for all of them. */
export type Started<W extends Wanted> = {
  readonly [S in keyof Services as W[S] extends true ? S : never]: Services[S];
} & { readonly stop: () => Promise<void> };

/** Provides and starts Redis, MinIO or both, on free loopback ports. Throws Absent. */
export async function startServices<const W extends Wanted>(wanted: W): Promise<Started<W>> {
  const running: Partial<{ -readonly [S in keyof Services]: Services[S] }> = {};
  const stop = async () => {
    await Promise.all(Object.values(running).map((server) => server.stop()));
  };
  const starts = await Promise.allSettled([
    wanted.redis && startRedis().then((redis) => (running.redis = redis)),
    wanted.minio && startMinio().then((minio) => (running.minio = minio)),
  ]);
  for (const start of starts) {
    if (start.status === 'fulfilled') continue;
    await stop();
    throw start.reason;
  }
  return { ...running, stop } as Started<W>;
}
