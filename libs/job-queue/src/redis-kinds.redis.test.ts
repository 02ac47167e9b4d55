import { jobFor, jobId } from '@btf-depot/contracts';
import { startRedis, startSentinel, startValkey, type RedisServer } from '@btf-depot/services';
import { provided } from '@btf-depot/services/provision';
import { describeWithServices } from '@btf-depot/services/testing';
import { buildIdOf } from '@btf-depot/testing';
import { afterEach, expect, it, vi } from 'vitest';
import { BullmqJobQueue } from './bullmq.ts';
import { UnfitQueue } from './errors.ts';
import type { RedisAddress } from './redis.ts';

const LONG = 120_000;
vi.setConfig({ testTimeout: 2 * LONG, hookTimeout: LONG });

const job = (revision: number) => jobFor({ buildId: buildIdOf('kinds'), revision });

describeWithServices(['redis'], 'a Redis that is not as the queue wants it', () => {
  const ends: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  async function redisWith(...args: string[]): Promise<RedisServer> {
    const redis = await startRedis(args);
    ends.push(() => redis.stop());
    return redis;
  }

  function open(address: RedisAddress): BullmqJobQueue {
    const queue = new BullmqJobQueue({ ...address, onError: () => undefined });
    ends.push(() => queue.close());
    return queue;
  }

  /** Whether a job goes the whole way. */
  async function works(queue: BullmqJobQueue, revision = 1): Promise<void> {
    const done: string[] = [];
    const worker = queue.work((one) => {
      done.push(jobId(one));
      return Promise.resolve();
    });
    await vi.waitFor(() => queue.add(job(revision)), { timeout: LONG, interval: 500 });
    await vi.waitFor(() => expect(done).toEqual([jobId(job(revision))]), { timeout: LONG });
    await worker.close();
  }

  const port = ({ server }: RedisServer) => String(server.port);

  it('one that evicts: warned of, and it works', async () => {
    const redis = await redisWith('--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru');
    const queue = open(redis);
    expect(await queue.inspect()).toEqual([expect.stringContaining('allkeys-lru')]);
    await works(queue);
  });

  it('Valkey 8: no complaint, and it works', async (context) => {
    const started = await provided(startValkey);
    if ('absent' in started) return context.skip(started.absent);
    const valkey = started.value;
    ends.push(() => valkey.stop());
    const queue = open(valkey);
    expect(await queue.inspect()).toEqual([]);
    await queue.check();
    await works(queue);
  });

  it('a Valkey cluster: refused as that of Redis', async (context) => {
    const started = await provided(() => startValkey(['--cluster-enabled', 'yes']));
    if ('absent' in started) return context.skip(started.absent);
    const valkey = started.value;
    ends.push(() => valkey.stop());
    await expect(open(valkey).inspect()).rejects.toThrow(/Redis Cluster/);
  });

  it('a cluster: refused, with what else would do', async () => {
    const queue = open(await redisWith('--cluster-enabled', 'yes'));
    await expect(queue.inspect()).rejects.toThrow(UnfitQueue);
    await expect(queue.inspect()).rejects.toThrow(/Redis Cluster/);
  });

  it("a Sentinel's own port: refused, and not ready", async () => {
    const master = await redisWith();
    const sentinel = await startSentinel('mymaster', master.server.port);
    ends.push(() => sentinel.stop());
    const queue = open({ url: `redis://127.0.0.1:${sentinel.port}` });
    await expect(queue.inspect()).rejects.toThrow(/BTFDEPOT_REDIS_SENTINELS/);
    await expect(queue.check()).rejects.toMatchObject({ code: 'queue-unavailable' });
  });

  it('a replica, which takes no write: not ready', async () => {
    const master = await redisWith();
    const replica = open(await redisWith('--replicaof', '127.0.0.1', port(master)));
    await expect(replica.check()).rejects.toThrow(/READONLY/);
  });

  it('a full one: not ready', async () => {
    const queue = open(await redisWith('--maxmemory', '1'));
    await expect(queue.check()).rejects.toThrow(/OOM|maxmemory/);
  });

  it('a user who may touch the keys of the queue, and nothing dangerous: it works', async () => {
    const user = '~btf-depot:* &* +@all -@dangerous +info';
    const redis = await redisWith('--user', ...`depot on >secret ${user}`.split(' '));
    const url = redis.url.replace('//', '//depot:secret@');
    const queue = open({ url });
    expect(await queue.inspect()).toEqual([]);
    await queue.check();
    await works(queue);
  });

  it('a user who may not ask INFO: said, and it works', async () => {
    const redis = await redisWith(
      '--user',
      ...'depot on >secret ~btf-depot:* &* +@all -info'.split(' '),
    );
    const queue = open({ url: redis.url.replace('//', '//depot:secret@') });
    expect(await queue.inspect()).toEqual([expect.stringContaining('may not run INFO')]);
  });

  it('one that is away at the start: said, and no reason to end', async () => {
    const redis = await redisWith();
    await redis.server.kill();
    expect(await open(redis).inspect()).toEqual([expect.stringContaining('no connection')]);
  });

  it('passwords of Redis, and others of the Sentinels: it works, also after a failover', async () => {
    const passwords = ['--requirepass', 'secret', '--masterauth', 'secret'];
    const master = await redisWith(...passwords);
    await redisWith('--replicaof', '127.0.0.1', port(master), ...passwords);
    const sentinel = await startSentinel('depot', master.server.port, {
      own: 'sesame',
      master: 'secret',
    });
    ends.push(() => sentinel.stop());
    const address = { url: 'redis://:secret@127.0.0.1:1', sentinels: [sentinel], master: 'depot' };
    const queue = open({ ...address, sentinelPassword: 'sesame' });
    expect(await queue.inspect()).toEqual([]);
    await works(queue);
    await master.server.kill();
    await works(queue, 2);
  });

  it('a master that dies: jobs go on at the one that Sentinel makes of its replica', async () => {
    const master = await redisWith();
    await redisWith('--replicaof', '127.0.0.1', port(master));
    const sentinel = await startSentinel('depot', master.server.port);
    ends.push(() => sentinel.stop());
    // The host of the URL is nobody's.
    const queue = open({ url: 'redis://127.0.0.1:1', sentinels: [sentinel], master: 'depot' });
    expect(await queue.inspect()).toEqual([]);
    await works(queue);
    await master.server.kill();
    await works(queue, 2);
  });
});
