import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openFsStores } from '@btf-depot/blob-store';
import { createComputePool } from '@btf-depot/compute';
import { acceptUpload, compressKernel, systemClock, Underway } from '@btf-depot/depot';
import { InProcessJobQueue } from '@btf-depot/job-queue';
import { provideKernel, readelf } from '@btf-depot/kernels';
import { startDebuginfod } from '@btf-depot/services';
import { buildIdOf, kernelBtf, kernelFile } from '@btf-depot/testing';
import { startDepot } from '@btf-depot/testing/processes';
import { median, type Bench, type BenchOptions, type BenchResult } from './bench.ts';
import { inFolder } from './in-folder.ts';

/** Milliseconds after which a pull counts as failed. */
const LIMIT = 300_000;

/** Milliseconds between two questions while only the provisional `.BTF` is here. */
const PAUSE = 50;

interface Asked {
  vmlinux: string;
  buildId: string;
  /** For people. */
  name: string;
}

interface Pulled {
  /** Milliseconds until all askers had the record of the ready kernel. */
  ready: number;
  /** Bytes: the most memory that the depot had at one time. */
  memory: number;
  downloads: number;
}

/**
 * A kernel that a depot fetches from a real debuginfod, beside what it is made of: the server's own
 * time for `.BTF`; download, split and pack, each alone on the same file. Ten askers beside a hundred
 * ask for a made-up kernel, whose own memory hides none of theirs.
 */
export const pullBench: Bench = (options) => inFolder((folder) => measure(options, folder));

async function measure({ quick }: BenchOptions, folder: string): Promise<BenchResult> {
  const [small, tiny] = await Promise.all(['one', 'many'].map((name) => madeUp(folder, name)));
  const { vmlinux, buildId, name } = quick ? small : await debianKernel();
  const files = { [buildId]: vmlinux, [tiny.buildId]: tiny.vmlinux };
  const debuginfod = await startDebuginfod(files);
  const { url } = debuginfod;
  try {
    const rounds = quick ? 1 : 3;
    const own: number[] = [];
    const ours: number[] = [];
    let ready = NaN;
    // The first time it reads the section from the file; later ones are in its cache.
    await firstBtf(url, buildId);
    for (let round = 1; round <= rounds; round++) {
      own.push(await firstBtf(url, buildId));
      await withDepot(url, async (depot) => {
        const begun = performance.now();
        ours.push(await firstBtf(depot.url, buildId));
        if (round < rounds) return;
        await askUntilReady(depot.url, buildId);
        ready = performance.now() - begun;
      });
    }
    const alone = await eachAlone(`${url}/buildid/${buildId}/debuginfo`);
    const ten = await pull(url, tiny.buildId, 10);
    const hundred = await pull(url, tiny.buildId, 100);
    const parts = alone.download + alone.split + alone.pack;
    return {
      on: `${name} from a real debuginfod; .BTF: median of ${rounds}, the rest once`,
      rows: [
        {
          what: 'first .BTF of an unknown kernel',
          unit: 'ms',
          goal: `≤ ${Math.round(median(own) + 150)} ms (the server + 150)`,
          ours: median(ours),
          peer: { name: 'the server', value: median(own) },
        },
        {
          what: 'from the question to ready',
          unit: 's',
          goal: '≤ 1.15',
          ours: ready / 1000,
          peer: { name: 'download, split, pack alone', value: parts / 1000 },
          ratio: ready / parts,
        },
        { what: '  download alone', unit: 's', ours: alone.download / 1000 },
        { what: '  split alone', unit: 's', ours: alone.split / 1000 },
        { what: '  pack alone', unit: 's', ours: alone.pack / 1000 },
        { what: 'downloads for a hundred askers', unit: '', goal: '1', ours: hundred.downloads },
        {
          what: 'memory with a hundred askers',
          unit: 'MB',
          goal: '≤ 1.1',
          ours: hundred.memory / 1e6,
          peer: { name: 'ten askers', value: ten.memory / 1e6 },
          ratio: hundred.memory / ten.memory,
        },
      ],
    };
  } finally {
    await debuginfod.stop();
  }
}

async function debianKernel(): Promise<Asked> {
  const { vmlinux } = await provideKernel('K612');
  const [, buildId = ''] = /Build ID: ([0-9a-f]+)/.exec(await readelf(['-n', vmlinux])) ?? [];
  return { vmlinux, buildId, name: 'K612' };
}

async function madeUp(folder: string, name: string): Promise<Asked> {
  const buildId = buildIdOf(name);
  const vmlinux = join(folder, name);
  await writeFile(vmlinux, kernelFile({ buildId, btf: kernelBtf({ globals: true }) }));
  return { vmlinux, buildId, name: 'a made-up kernel' };
}

type Depot = Awaited<ReturnType<typeof startDepot>>;

/** With a depot that has nothing yet. */
function withDepot<Result>(upstream: string, use: (depot: Depot) => Promise<Result>) {
  return inFolder(async (folder) => {
    const depot = await startDepot(folder, {
      BTFDEPOT_UPSTREAMS: `debuginfod ${upstream}`,
      BTFDEPOT_LOG_LEVEL: 'info',
    });
    try {
      return await use(depot);
    } finally {
      await depot.stop();
    }
  });
}

async function firstBtf(url: string, buildId: string): Promise<number> {
  const before = performance.now();
  const answer = await fetch(`${url}/buildid/${buildId}/section/.BTF`);
  const { byteLength } = await answer.arrayBuffer();
  if (!answer.ok || byteLength === 0) throw new Error(`${url} answers ${answer.status}`);
  return performance.now() - before;
}

function pull(upstream: string, buildId: string, askers: number): Promise<Pulled> {
  return withDepot(upstream, async ({ url, pid, lines }) => {
    const before = performance.now();
    await Promise.all(Array.from({ length: askers }, () => askUntilReady(url, buildId)));
    const ready = performance.now() - before;
    const downloads = lines.filter((line) => line.includes('"msg":"pulled"')).length;
    return { ready, downloads, memory: mostMemoryOf(pid) };
  });
}

/** @throws Error if the depot has it not within the limit. */
async function askUntilReady(url: string, buildId: string): Promise<void> {
  const signal = AbortSignal.timeout(LIMIT);
  for (;;) {
    const answer = await fetch(`${url}/v1/kernels/${buildId}?wait=60`, { signal });
    const { state, keptUntil, code } = (await answer.json()) as Record<string, unknown>;
    // The provisional `.BTF` is kept for a while only.
    if (state === 'ready' && keptUntil === undefined) return;
    if (answer.status !== 200 && code !== 'pending') throw new Error(`${url}: ${String(code)}`);
    if (answer.status === 200) await sleep(PAUSE, undefined, { signal });
  }
}

function mostMemoryOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
}

/** Milliseconds of each step with nothing beside it. */
function eachAlone(url: string): Promise<Record<'download' | 'split' | 'pack', number>> {
  return inFolder(async (folder) => {
    const path = join(folder, 'debuginfo');
    const begun = performance.now();
    const file = await downloadTo(url, path);
    const download = performance.now() - begun;

    const stores = await openFsStores(join(folder, 'data'));
    const compute = createComputePool({ onError: (error) => process.stderr.write(`${error}\n`) });
    const queue = new InProcessJobQueue({ onError: (error) => process.stderr.write(`${error}\n`) });
    const shared = { ...stores, compute, clock: systemClock };
    const { signal } = new AbortController();
    const accepting = {
      ...shared,
      queue,
      underway: new Underway(),
      onQueueError: () => undefined,
    };
    const upload = {
      kernel: file,
      folder,
      actor: { principal: 'bench', scopes: ['upload'] as const },
      split: { extras: ['vars', 'inlines'] as const },
    };
    const splitting = performance.now();
    await acceptUpload(accepting, upload, signal);
    const split = performance.now() - splitting;

    const packing = { ...shared, crashLimit: 1, signingKeys: [], announces: false };
    const pack = await new Promise<number>((resolve, reject) => {
      queue.work(async (job, attempt) => {
        const before = performance.now();
        const outcome = await compressKernel(packing, job, attempt, signal);
        if (outcome === 'published') resolve(performance.now() - before);
        else reject(new Error(outcome));
      });
    });
    await queue.close();
    await compute.close();
    return { download, split, pack };
  });
}

/** As the depot does it: hashed while it is written. */
async function downloadTo(url: string, path: string) {
  const answer = await fetch(url);
  if (!answer.ok || !answer.body) throw new Error(`${url} answers ${answer.status}`);
  await using file = await open(path, 'w');
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
    hash.update(chunk);
    await file.write(chunk);
    size += chunk.length;
  }
  return { path, size, sha256: hash.digest('hex') };
}
