// Global set-up of vitest's project `services`: one Redis and one MinIO for the whole run.
import type { TestProject } from 'vitest/node';
import { startMinio } from './servers/minio.ts';
import { provided, say, type Provided } from './provision/index.ts';
import { startRedis } from './servers/redis.ts';
import './testing.ts';

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [redis, minio] = await Promise.all([provided(startRedis), provided(startMinio)]);
  for (const service of [redis, minio]) {
    if ('absent' in service) say(`TESTS ARE SKIPPED: ${service.absent}`);
  }
  project.provide('services', { redis: addressOf(redis), minio: addressOf(minio) });
  return async () => {
    if ('value' in redis) await redis.value.stop();
    if ('value' in minio) await minio.value.stop();
  };
}

/** Only data is passed to the workers that run the tests. */
function addressOf<A extends object>(service: Provided<A>): Provided<A> {
  if ('absent' in service) return service;
  const data = Object.entries(service.value).filter(([, value]) => !(value instanceof Object));
  return { value: Object.fromEntries(data) as A };
}
