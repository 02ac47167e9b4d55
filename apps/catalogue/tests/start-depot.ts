import { join } from 'node:path';
import { DepotClient, type UploadRequest } from '@btf-depot/client';
import {
  buildIdOf,
  inlinedKernel,
  kernelBtf,
  kernelFile,
  loadableKernel,
} from '@btf-depot/testing';
import { btfdepot, startDepot as startEmbedded } from '@btf-depot/testing/processes';
import { TemporaryFolder } from '@btf-depot/testing/temporary-folder';

/** Unnamed kernels of the depot, so that a search has more than one page. */
export const FILLERS = 55;

/** By their purpose. */
export const KERNELS = {
  /** With variables, ksyms, loadable carriers. */
  variables: buildIdOf('variables'),
  /** With inlined calls. */
  inlined: buildIdOf('inlined'),
  /** Withdrawn, with a reason. */
  withdrawn: buildIdOf('withdrawn'),
  /** Never sent. */
  unknown: buildIdOf('nobody sent it'),
};

export const REASON = 'built with a broken compiler';

export interface StartedDepot {
  url: string;
  client: DepotClient;
  folder: string;
  close: () => Promise<void>;
}

/** The embedded depot, as `npm start` runs it, with a signing key and some kernels. */
export async function startDepot(): Promise<StartedDepot> {
  const temporary = new TemporaryFolder();
  const folder = temporary.path;
  await btfdepot(['key', 'create', 'depot'], folder);
  const depot = await startEmbedded(join(folder, 'data'), {
    BTFDEPOT_SIGNING_KEYS: join(folder, 'depot.sec'),
    BTFDEPOT_LIST_AGE: '0',
    // Pages of other ports of this machine read it too.
    BTFDEPOT_ALLOWED_HOSTS: '127.0.0.1',
  });
  const { url } = depot;
  const client = new DepotClient(url);
  const send = async (request: UploadRequest) => {
    const { status } = await client.upload(request);
    return client.waitUntilDone(status.buildId);
  };
  const { vmlinux, full } = loadableKernel(KERNELS.variables);
  await send({
    kernel: new Blob([vmlinux.slice()]),
    full: new Blob([full.slice()]),
    query: { distro: 'debian', release: '6.12.117-test' },
  });
  const inlined = inlinedKernel(KERNELS.inlined).vmlinux.slice();
  await send({ kernel: new Blob([inlined]), query: { distro: 'fedora', release: '6.19.0-test' } });
  const fillers = Array.from({ length: FILLERS }, (_, index) => {
    const vmlinux = kernelFile({
      buildId: buildIdOf(`filler ${index}`),
      btf: kernelBtf({ name: `filler_${index}` }),
    });
    const query = { distro: 'openwrt', release: `6.6.${index}` };
    return { kernel: new Blob([vmlinux.slice()]), query };
  });
  for (const filler of fillers) await client.upload(filler);
  await send({ kernel: new Blob([kernelFile({ buildId: KERNELS.withdrawn }).slice()]) });
  const reasoned = [KERNELS.withdrawn, '--reason', REASON, '--data', join(folder, 'data')];
  await btfdepot(['withdraw', ...reasoned], folder);
  return {
    url,
    client,
    folder,
    async close() {
      await depot.stop();
      temporary[Symbol.dispose]();
    },
  };
}
