import { globSync, openAsBlob, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DepotClient } from '@btf-depot/client';
import { kernelPieces, splitKernel } from '@btf-depot/depot';
import { provideKernel, providePackage } from '@btf-depot/kernels';
import { openFileSource, unpackFile } from '@btf-depot/compute';
import { run, unpack, unpackSome } from '@btf-depot/services/provision';
import { startDepot } from '@btf-depot/testing/processes';
import { median, type Bench } from './bench.ts';
import { inFolder } from './in-folder.ts';

const DEBUG_VMLINUX = './usr/lib/debug/boot/vmlinux-*';

/** Packages from upload to ready, beside dpkg-deb, our split and gzip -9 one after the other. */
export const unpackBench: Bench = async ({ quick }) => {
  const rounds = quick ? 1 : 3;
  const image = await providePackage('K612', 'image');
  const rows = [
    await compare('image .deb to ready', '≤ 1.5', rounds, image, async (folder) => {
      await unpack(image, join(folder, 'root'));
      await splitAndPack(join(folder, 'root/boot/vmlinuz-*'), folder);
    }),
    await memory(image, quick ? 8 : 50),
  ];
  if (!quick) {
    const debug = await providePackage('K612', 'debug');
    const parts = async (folder: string) => {
      await unpackSome(debug, join(folder, 'root'), [DEBUG_VMLINUX]);
      await splitAndPack(join(folder, 'root', DEBUG_VMLINUX), folder);
    };
    rows.push(await compare('-dbg .deb to ready', '≤ 1.3', 1, debug, parts));
  }
  return { on: `Debian's packages of K612, median of ${rounds} alternating rounds`, rows };
};

async function compare(
  what: string,
  goal: string,
  rounds: number,
  deb: string,
  parts: (folder: string) => Promise<void>,
) {
  const seconds = { ours: [] as number[], peer: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    seconds.ours.push(await inFolder((folder) => toReady(deb, folder)));
    seconds.peer.push(await inFolder((folder) => timed(() => parts(folder))));
  }
  const [ours, peer] = [median(seconds.ours), median(seconds.peer)];
  return {
    what,
    unit: 's',
    ours,
    peer: { name: 'dpkg-deb, split, gzip -9', value: peer },
    ratio: ours / peer,
    goal,
  };
}

/** A depot of its own takes the package; the time from upload to ready counts. */
async function toReady(deb: string, folder: string): Promise<number> {
  const depot = await startDepot(join(folder, 'data'));
  try {
    const client = new DepotClient(depot.url);
    return await timed(async () => {
      const { status } = await client.upload({ kernel: await openAsBlob(deb) });
      const { state } = await client.waitUntilDone(status.buildId);
      if (state !== 'ready') throw new Error(`${deb} is ${state}`);
    });
  } finally {
    await depot.stop();
  }
}

/** The split of one file from dpkg-deb, matched by a pattern, and compression of its parts. */
async function splitAndPack(pattern: string, folder: string): Promise<void> {
  const [path = pattern] = globSync(pattern);
  const { kernel } = await unpackFile('kernel', path, folder);
  if (!kernel) throw new Error(`no kernel in ${path}`);
  using file = openFileSource(kernel.path);
  const { core, vars, inlines } = splitKernel({ kernel: file }, { extras: ['vars', 'inlines'] });
  for (const [name, part] of Object.entries({ core, vars, inlines, map: inlines?.map })) {
    if (!part) continue;
    const path = join(folder, name);
    await writeFile(path, part.bytes);
    await run('gzip', ['-9', path]);
  }
}

/**
 * Growth of a depot's memory over uploads, after the first five. Each round sends the package,
 * which the depot must unpack to know it, and a kernel of another build ID, which it splits, packs
 * and keeps.
 */
async function memory(deb: string, times: number) {
  const { vmlinux } = await provideKernel('K612');
  return inFolder(async (folder) => {
    const depot = await startDepot(join(folder, 'data'));
    try {
      const client = new DepotClient(depot.url);
      const pieces = piecesOf(vmlinux);
      const held: number[] = [];
      for (let i = 0; i < times; i++) {
        await client.upload({ kernel: await openAsBlob(deb) });
        const { status } = await client.upload({ kernel: pieces.withBuildId(i) });
        await client.waitUntilDone(status.buildId);
        held.push(residentMegabytes(depot.pid));
      }
      const [before, after = 0] = [held[4], held.at(-1)];
      const what = `memory of a depot after ${times} times two uploads, and after 5`;
      const peer = { name: 'after 5', value: before };
      return { what, unit: 'MB', ours: after, peer, ratio: after / before, goal: 'flat' };
    } finally {
      await depot.stop();
    }
  });
}

/** A kernel with only what a depot reads, under any number of build IDs. */
function piecesOf(vmlinux: string) {
  using file = openFileSource(vmlinux);
  const { kernel, parts } = kernelPieces({ kernel: file }, { extras: [] });
  const at = Buffer.from(kernel).indexOf(Buffer.from(parts.buildId, 'hex'));
  if (at < 0) throw new Error(`${vmlinux}: where is its build ID?`);
  return {
    withBuildId(number: number): Blob {
      const bytes = kernel.slice();
      new DataView(bytes.buffer).setUint32(at, number);
      return new Blob([bytes]);
    },
  };
}

function residentMegabytes(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid ?? ''}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1000;
}

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}
