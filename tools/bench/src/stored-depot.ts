import { openMinioStores, type Stores } from '@btf-depot/blob-store';
import type { KernelRecord } from '@btf-depot/contracts';
import { startMinio } from '@btf-depot/services';
import { kernelRecord, sha256Of } from '@btf-depot/testing';
import { bucketSettings, startProcess, urlOf } from '@btf-depot/testing/processes';
import { Client } from 'minio';

const BUCKET = 'bench';

/** A fetch service with a MinIO, each a process of its own. */
export interface StoredDepot {
  url: string;
  /** Address of the service. */
  pid: number;
  stores: Stores;
  /** Another service over the same store, which ends with this one. */
  another: (settings: Record<string, string>) => Promise<{ url: string; pid: number }>;
  /** An address at which MinIO itself gives the blob to anyone. */
  direct: (sha256: string) => Promise<string>;
  stop: () => Promise<void>;
}

/**
 * Starts both.
 * @param fill fills the store before the service starts.
 */
export async function startStoredDepot(
  fill: (stores: Stores) => Promise<void>,
  settings: Record<string, string> = {},
): Promise<StoredDepot> {
  const minio = await startMinio();
  const { endpoint, host, port, accessKey, secretKey } = minio;
  const stores = await openWhenReady({ endpoint, accessKey, secretKey, bucket: BUCKET });
  await fill(stores);
  const start = (some: Record<string, string>) =>
    startProcess('apps/fetch/src/main.ts', [], {
      ...bucketSettings({ endpoint, accessKey, secretKey, bucket: BUCKET }),
      BTFDEPOT_PORT: '0',
      ...some,
    });
  const service = start(settings);
  const services = [service];
  const client = new Client({ endPoint: host, port, useSSL: false, accessKey, secretKey });
  return {
    url: await urlOf(service),
    pid: service.pid,
    stores,
    another: async (others) => {
      const started = start(others);
      services.push(started);
      return { url: await urlOf(started), pid: started.pid };
    },
    direct: (sha256) =>
      client.presignedGetObject(BUCKET, `blobs/sha256/${sha256.slice(0, 2)}/${sha256}`),
    stop: async () => {
      for (const one of services) await one.stop();
      await minio.stop();
    },
  };
}

/** A MinIO that reports ready may still answer 503 while its disks come up. */
async function openWhenReady(settings: Parameters<typeof openMinioStores>[0]): Promise<Stores> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await openMinioStores(settings);
    } catch (error) {
      if (attempt === 40) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

/** Stores blobs and a record that names them: the service serves no others. */
export async function storeNamed(stores: Stores, blobs: readonly Uint8Array[]): Promise<void> {
  for (const bytes of blobs) await stores.blobs.put(sha256Of(bytes), bytes);
  const named: KernelRecord['artifacts'] = {};
  blobs.forEach((bytes, at) => {
    named[`${at}`] = { sha256: sha256Of(bytes), size: bytes.length, mediaType: 'application/gzip' };
  });
  await stores.records.put(kernelRecord({ state: 'ready', artifacts: named }), undefined);
}
