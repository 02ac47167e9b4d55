import { readlink } from 'node:fs/promises';
import { DepotClient } from '@btf-depot/client';
import { kernelRecordSchema, type KernelRecord } from '@btf-depot/contracts';
import { node26 } from '@btf-depot/services';
import { describeWithServices } from '@btf-depot/services/testing';
import { buildIdOf, kernelBtf, kernelFile } from '@btf-depot/testing';
import { testFolder } from '@btf-depot/testing/folders';
import { bucketSettings, startDepot, startProcess, urlOf } from '@btf-depot/testing/processes';
import { expect, onTestFinished, test, vi } from 'vitest';

vi.setConfig({ testTimeout: 300_000 });

// It downloads a Node.
const isAsked = process.env.BTFDEPOT_NODES === 'full';

const NAMES = ['ingest', 'compressor', 'fetch'] as const;

describeWithServices(['redis', 'minio'], 'another Node', ({ redis, minio }) => {
  const folder = testFolder();
  const buildId = buildIdOf('another node');

  async function published(uploads: string, reads: string): Promise<KernelRecord> {
    const shape = { ballast: 3000 };
    const kernel = kernelFile({ buildId, btf: kernelBtf(shape) });
    const full = kernelBtf({ ...shape, globals: true });
    const blobs = { kernel: new Blob([kernel.slice()]), full: new Blob([full.slice()]) };
    await new DepotClient(uploads).upload(blobs);
    await new DepotClient(reads).waitUntilDone(buildId);
    const answer = await fetch(`${reads}/v1/kernels/${buildId}`);
    return kernelRecordSchema.parse(await answer.json());
  }

  test('Node 26 runs all services: they publish the same bytes', async (context) => {
    if (!isAsked) return context.skip('BTFDEPOT_NODES=full runs the services under Node 26');
    const environment = {
      BTFDEPOT_REDIS_URL: redis.url,
      ...bucketSettings({ ...minio, bucket: `node-26-${process.pid}` }),
      BTFDEPOT_DATA: folder,
      BTFDEPOT_PORT: '0',
      BTFDEPOT_DRAIN: '0',
      NODE: await node26(),
    };
    // In place of the Node that runs this.
    const within = ['sh', '-c', 'shift; exec "$NODE" "$@"', 'sh'];
    const services = NAMES.map((name) =>
      startProcess(`apps/${name}/src/main.ts`, [], environment, within),
    );
    onTestFinished(async () => {
      for (const service of services) expect(await service.stop()).toBe(0);
    });
    const [ingest = '', , reads = ''] = await Promise.all(services.map(urlOf));
    for (const { pid } of services) {
      expect(await readlink(`/proc/${pid}/exe`)).toBe(environment.NODE);
    }
    const depot = await startDepot(`${folder}/embedded`);
    onTestFinished(async () => {
      await depot.stop();
    });
    const [under26, here] = [await published(ingest, reads), await published(depot.url, depot.url)];
    expect(under26.state).toBe('ready');
    expect(hashesOf(under26)).toEqual(hashesOf(here));
    expect(Object.keys(hashesOf(here))).toContain('manifest');
  });
});

function hashesOf({ artifacts }: KernelRecord): Record<string, string> {
  return Object.fromEntries(Object.entries(artifacts).map(([name, { sha256 }]) => [name, sha256]));
}
