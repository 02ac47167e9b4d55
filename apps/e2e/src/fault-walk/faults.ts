import { connect } from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Depot } from './depot.ts';
import type { Random } from './random.ts';

/** Causes the fault and undoes it; killed processes come back later by themselves. */
export type Fault = (depot: Depot, random: Random) => Promise<unknown>;

const SERVICES = ['ingest', 'compressor', 'fetch'] as const;

/** Faults of processes, servers, disks and the clock; stored bytes stay as they are. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  ...Object.fromEntries(
    SERVICES.flatMap((service): [string, Fault][] => [
      [
        `${service} killed`,
        ({ seatsOf }, random) => {
          void random.of(seatsOf(service)).restart();
          return sleep(300 * random());
        },
      ],
      [
        `${service} suspended`,
        ({ seatsOf }, random) => suspended(random.of(seatsOf(service)).process().pid, random),
      ],
    ]),
  ),
  'a compressor killed at a record': ({ proxy, seatsOf }, random) => {
    // Not waited for: it starts only when the store answers, and the store's answer is held here.
    const act = () => {
      void random.of(seatsOf('compressor')).restart();
      return Promise.resolve();
    };
    proxy.trap({ step: 'put record', when: random() < 0.5 ? 'before' : 'after', act });
    return Promise.resolve();
  },
  'Redis stopped': async ({ redis }, random) => {
    await redis.server.kill();
    await sleep(2000 * random());
    await redis.server.restart();
  },
  'Redis silent': ({ redis }, random) => suspended(redis.server.pid, random),
  'Redis flushed': ({ redis }) => redis.flush(),
  'Redis full': async ({ redis }, random) => {
    await command(redis.url, 'CONFIG SET maxmemory 1');
    await sleep(2000 * random());
    await command(redis.url, 'CONFIG SET maxmemory 0');
  },
  'store stopped': async ({ minio }, random) => {
    await minio.server.kill();
    await sleep(2000 * random());
    await minio.server.restart();
  },
  'store silent': ({ minio }, random) => suspended(minio.server.pid, random),
  'store slow': async ({ proxy }, random) => {
    proxy.slow(Math.ceil(200 * random()));
    await sleep(1000);
    proxy.slow(0);
  },
  'store refusing': ({ proxy }, random) => {
    proxy.refuse(Math.ceil(5 * random()));
    return sleep(500);
  },
  'disk of the store full': async ({ storeDisk }, random) => {
    const free = await storeDisk.fill();
    await sleep(2000 * random());
    await free();
  },
  'disk of an ingest full': async ({ ingestDisk }, random) => {
    const free = await ingestDisk.fill();
    await sleep(2000 * random());
    await free();
  },
  'clock jumping': async ({ clock }, random) => {
    // Above a quarter of an hour the store refuses.
    await clock.set(Math.round(3600 * (random() - 0.5)));
    await sleep(1000 * random());
    await clock.set(0);
  },
};

async function suspended(pid: number | undefined, random: Random): Promise<void> {
  const signal = (name: NodeJS.Signals) => {
    try {
      if (pid !== undefined) process.kill(pid, name);
    } catch {
      // It was killed meanwhile.
    }
  };
  signal('SIGSTOP');
  await sleep(2500 * random());
  signal('SIGCONT');
}

async function command(url: string, words: string): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.write(`${words}\r\n`);
  await once(socket, 'data');
  socket.destroy();
}
