import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  makeSmallDisk,
  startClock,
  startMinio,
  startRedis,
  type MinioServer,
  type RedisServer,
  type SettableClock,
  type SmallDisk,
} from '@btf-depot/services';
import type { StartedProcess } from '@btf-depot/testing/processes';
import { startServiceProcesses, type ServiceName } from '@btf-depot/testing/services';
import { TemporaryFolder } from '@btf-depot/testing/temporary-folder';
import { startStoreProxy } from '../faults/store-proxy.ts';
import { rawBucket, type RawBucket } from '../faults/raw-bucket.ts';

/** Megabytes of the disks: for the store's data, and for ingest's temporary files. */
const STORE_DISK = 1024;
const INGEST_DISK = 64;

/** A process of a service that is restarted after it was killed. */
interface Seat {
  readonly service: ServiceName;
  readonly process: () => StartedProcess;
  /** The process now, and those that were killed. */
  readonly all: readonly StartedProcess[];
  readonly url: () => string;
  /** SIGKILL; resolves when another process answers, perhaps only once the store is back. */
  readonly restart: () => Promise<void>;
}

/** All targets of faults. */
export interface Depot {
  readonly redis: RedisServer;
  readonly minio: MinioServer;
  readonly proxy: Awaited<ReturnType<typeof startStoreProxy>>;
  readonly clock: SettableClock;
  readonly storeDisk: SmallDisk;
  readonly ingestDisk: SmallDisk;
  readonly bucket: RawBucket;
  /** Two of each service. */
  readonly seats: readonly Seat[];
  readonly seatsOf: (service: ServiceName) => readonly Seat[];
  /** A process of another version; the caller stops it. */
  readonly startOf: (service: ServiceName, version: string) => Promise<StartedProcess>;
  /** For `btfdepot` over the store. */
  readonly environment: Record<string, string>;
  /** For files of the walk. */
  readonly folder: string;
  /** Resolves when every killed process is back. */
  readonly settled: () => Promise<void>;
  /** @param logs a folder for the processes' output. */
  readonly stop: (logs?: string) => Promise<void>;
}

/** Starts Redis, MinIO, and two processes of each service. Throws Absent. */
export async function startDepot(): Promise<Depot> {
  // If one does not start, those before it are stopped.
  await using started = new AsyncDisposableStack();
  const stopping = <Started extends { stop: () => unknown }>(one: Started): Started => {
    started.defer(async () => {
      await one.stop();
    });
    return one;
  };
  const folder = started.use(new TemporaryFolder()).path;
  const clock = stopping(await startClock());
  const storeDisk = stopping(await makeSmallDisk(STORE_DISK));
  const ingestDisk = stopping(await makeSmallDisk(INGEST_DISK));
  const redis = stopping(await startRedis());
  const minio = stopping(await startMinio(storeDisk));
  const proxy = stopping(await startStoreProxy(minio.endpoint));
  const bucket = `walk-${process.pid}`;
  const services = stopping(
    await startServiceProcesses(
      { redisUrl: redis.url, minio: { ...minio, endpoint: proxy.endpoint }, bucket },
      {
        ...clock.environment,
        BTFDEPOT_LOG_LEVEL: 'info',
        // A slow process is no crash, and the walk kills more compressors than the usual limit.
        BTFDEPOT_JOB_SILENCE: '2',
        BTFDEPOT_JOB_CRASHES: '50',
        BTFDEPOT_JOB_BACKOFF: '0.2',
        BTFDEPOT_SWEEP_PERIOD: '1',
        BTFDEPOT_RECORD_AGE: '0.2',
        // So that most reads reach the store.
        BTFDEPOT_HOT_BLOBS: '1',
      },
    ),
  );
  const onSmallDisk = { BTFDEPOT_DATA: ingestDisk.path, BTFDEPOT_KEEP_FREE: '0' };
  const seats = await Promise.all([
    ...(['ingest', 'compressor', 'fetch'] as const).map((service) =>
      Promise.resolve(
        seat(
          service,
          { process: services.process(service), url: services.url(service) },
          async () => ({
            process: await services.start(service),
            url: services.url(service),
          }),
        ),
      ),
    ),
    ...(['ingest', 'compressor', 'fetch'] as const).map(async (service) => {
      const isSmall = service === 'ingest';
      const start = () =>
        services.startAnother(
          service,
          isSmall ? onSmallDisk : {},
          isSmall ? ingestDisk.command : [],
        );
      return seat(service, await start(), start);
    }),
  ]);
  const seatsOf = (service: ServiceName) => seats.filter((seat) => seat.service === service);
  const running = started.move();
  return {
    redis,
    minio,
    proxy,
    clock,
    storeDisk,
    ingestDisk,
    seats,
    seatsOf,
    folder,
    bucket: rawBucket({ ...minio, bucket }, folder),
    startOf: async (service, version) =>
      (await services.startAnother(service, {}, [], version)).process,
    environment: { ...services.environment, LD_PRELOAD: '', BTFDEPOT_S3_ENDPOINT: minio.endpoint },
    settled: async () => {
      await Promise.all(seats.map(({ settled }) => settled()));
    },
    stop: async (logs) => {
      if (logs !== undefined) await writeLogs(logs, seats);
      await Promise.all(seats.map((seat) => seat.process().stop('SIGINT')));
      await running.disposeAsync();
    },
  };
}

async function writeLogs(folder: string, seats: readonly Seat[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { service, all } of seats) {
    for (const { pid, lines } of all) {
      await writeFile(join(folder, `${service}-${pid}.log`), `${lines.join('\n')}\n`);
    }
  }
}

interface Started {
  process: StartedProcess;
  url: string;
}

function seat(service: ServiceName, first: Started, start: () => Promise<Started>) {
  let running = first;
  const all = [first.process];
  let restarting = Promise.resolve();
  const restart = async () => {
    await running.process.stop('SIGKILL');
    // A service without its store does not start: its supervisor retries.
    for (;;) {
      const next = await start().catch(() => undefined);
      if (next) {
        running = next;
        all.push(next.process);
        return;
      }
      await sleep(300);
    }
  };
  return {
    service,
    process: () => running.process,
    all,
    url: () => running.url,
    /** One after the other: two at once would start two, and one would never be stopped. */
    restart: () => (restarting = restarting.then(restart)),
    settled: () => restarting,
  };
}
