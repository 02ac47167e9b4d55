import { writeFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DepotClient } from '@btf-depot/client';
import { provideKernel } from '@btf-depot/kernels';
import { Server } from '@btf-depot/services';
import { programCommand, provideProgram, type DebianProgram } from '@btf-depot/services/provision';
import { startDepot } from '@btf-depot/testing/processes';
import { median, type Bench } from './bench.ts';
import { load, provideWrk } from './fetch-wrk.ts';

const nginx: DebianProgram = { name: 'nginx', suite: 'bookworm', packages: ['nginx'] };

const ARTIFACT = 'btf_vmlinux.ko.gz';

/** A hot artifact over HTTP, beside nginx with the same file, in alternating rounds. */
export const fetchBench: Bench = async ({ quick }) => {
  await Promise.all([provideProgram(nginx), provideWrk()]);
  const kernel = await provideKernel('K612');
  const folder = await mkdtemp(join(tmpdir(), 'btf-depot-bench-'));
  const depot = await startDepot(join(folder, 'data'));
  const base = depot.url;
  const client = new DepotClient(base);
  const { status } = await client.upload({
    kernel: new Blob([await readFile(kernel.coreBtf)]),
    full: new Blob([await readFile(kernel.fullBtf)]),
    query: { buildId: 'be'.repeat(20), delivery: 'builtin', arch: kernel.architecture },
  });
  const { links } = await client.waitUntilDone(status.buildId);
  const ours = `${base}${links[ARTIFACT]}`;
  const bytes = new Uint8Array(await (await fetch(ours)).arrayBuffer());

  await writeFile(join(folder, ARTIFACT), bytes);
  await writeFile(join(folder, 'log'), '');
  const peer = await startNginx(folder);
  try {
    const theirs = `http://127.0.0.1:${peer.port}/${ARTIFACT}`;
    const rounds = quick ? 1 : 5;
    const seconds = quick ? 1 : 5;
    const rates = { ours: [] as number[], peer: [] as number[] };
    for (let round = 0; round < rounds; round++) {
      rates.ours.push((await load(ours, seconds)).requestsPerSecond);
      rates.peer.push((await load(theirs, seconds)).requestsPerSecond);
    }
    const ratios = rates.ours.map((rate, round) => rate / (rates.peer[round] ?? NaN));
    return {
      on: `${bytes.length} bytes, wrk -t2 -c16, median of ${rounds} alternating rounds of ${seconds} s`,
      rows: [
        {
          what: `hot ${ARTIFACT}`,
          unit: 'requests/s',
          ours: median(rates.ours),
          peer: { name: 'nginx', value: median(rates.peer) },
          ratio: median(ratios),
          goal: '≥ 0.7',
        },
      ],
    };
  } finally {
    await peer.stop();
    await depot.stop();
    await rm(folder, { recursive: true });
  }
};

/** nginx as a distribution sets it up for static files, over one folder. */
async function startNginx(files: string): Promise<Server> {
  const config = (port: number) => `
    user root;
    worker_processes auto;
    daemon off;
    pid nginx.pid;
    events { worker_connections 1024; }
    http {
      sendfile on;
      tcp_nopush on;
      access_log off;
      types { application/gzip gz; }
      client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
      uwsgi_temp_path uwsgi; scgi_temp_path scgi;
      server { listen 127.0.0.1:${port}; root ${files}; }
    }`;
  return Server.start({
    name: 'nginx',
    command: programCommand(nginx, 'usr/sbin/nginx'),
    args: (port, folder) => {
      writeFileSync(join(folder, 'nginx.conf'), config(port));
      return ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr'];
    },
    answers: async (port) => {
      const answer = await fetch(`http://127.0.0.1:${port}/log`).catch(() => undefined);
      return answer?.ok === true;
    },
  });
}
