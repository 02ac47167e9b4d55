import { expect, test } from 'vitest';
import { judgeRedis } from './inspect-redis.ts';

const info = (values: Record<string, string>) =>
  Object.entries({
    redis_version: '7.0.15',
    redis_mode: 'standalone',
    cluster_enabled: '0',
    maxmemory_policy: 'noeviction',
    ...values,
  })
    .map(([name, value]) => `${name}:${value}`)
    .join('\r\n');

test.for<[string, Record<string, string>]>([
  ['Redis', {}],
  ['Valkey', { redis_version: '7.2.4', server_name: 'valkey', valkey_version: '8.0.1' }],
])('%s that never evicts is fit', ([, values]) => {
  expect(judgeRedis(info(values))).toEqual([]);
});

test('eviction is warned of', () => {
  expect(judgeRedis(info({ maxmemory_policy: 'allkeys-lru' }))).toEqual([
    expect.stringMatching(/may evict jobs \(maxmemory-policy allkeys-lru\)/),
  ]);
});

test.for<[Record<string, string>, RegExp]>([
  [{ redis_mode: 'cluster', cluster_enabled: '1' }, /Redis Cluster/],
  [{ redis_mode: 'sentinel' }, /BTFDEPOT_REDIS_SENTINELS/],
  [{ redis_version: '4.0.9' }, /Redis 4.0.9 is too old/],
])('%j is refused', ([values, why]) => {
  expect(() => judgeRedis(info(values))).toThrow(why);
});
