// Runs in a copy of the project with the made-up additions. Sends a package of the made-up format
// the whole way, and prints what each place knows of the made-up extra, artifact and compressed
// form.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { globSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseBtf } from '@btf-depot/btf';
import { readCarrier } from '@btf-depot/carrier';
import { decompress } from '@btf-depot/codec';
import { buildIdOf, collect, inlinedKernel, kernelBtf, kernelFile } from '@btf-depot/testing';
import { btfdepot, startDepot } from '@btf-depot/testing/processes';
import { TemporaryFolder } from '@btf-depot/testing/temporary-folder';

using temporary = new TemporaryFolder();
const folder = temporary.path;
const depot = await startDepot(join(folder, 'data'), { BTFDEPOT_LZ4_LEVEL: '3' });
const kernel = buildIdOf('additions');
const bare = buildIdOf('bare');
try {
  const { vmlinux, core } = inlinedKernel(kernel);
  await writeFile(join(folder, 'kernel.box'), boxed({ 'boot/vmlinux-6.12': vmlinux }));
  await writeFile(join(folder, 'bare'), kernelFile({ buildId: bare, btf: kernelBtf() }));
  const run = (...args: string[]) => btfdepot(args, folder);
  const url = ['--url', depot.url];
  const pushed = await run('push', ...url, 'kernel.box');
  await run('push', ...url, 'bare');
  const record = (await json(`/v1/kernels/${kernel}`)) as Kernel;
  const names = Object.keys(record.artifacts);
  const artifacts = Object.fromEntries(
    await Promise.all(
      names.map(async (name) => [name, await bytesOf(`/v1/kernels/${kernel}/${name}`)] as const),
    ),
  );
  const units = artifacts['vmlinux.units.btf'];
  const collected = await reportOf('gc', '--min-age', '0', '--data', 'data');
  const checked = await reportOf('fsck', '--data', 'data');
  const hash = createHash('sha256').update(units).digest('hex');
  for (const path of globSync(`data/blobs/**/${hash}`, { cwd: folder }))
    await rm(join(folder, path));
  const damaged = await reportOf('fsck', '--blobs-only', '--data', 'data');
  await writeFile(join(folder, 'vmlinux'), vmlinux);
  const { output: split } = await run('split', 'vmlinux', '-o', 'parts');
  const made = await run('carrier', '--kernel', 'vmlinux', '-o', 'made.ko.lz4');
  const report = {
    pushed: pushed.output,
    record,
    status: await json(`/v1/kernels/${kernel}/status`),
    types: parseBtf(units, { base: parseBtf(core) }).typeCount,
    sections: Object.fromEntries(
      names
        .filter((name) => name.endsWith('.ko'))
        .map((name) => [name, sectionsOf(artifacts[name])] as const),
    ),
    carried: same(carried(artifacts['btf_vmlinux.ko'], '.BTF.units'), units),
    served: same(await bytesOf(`/buildid/${kernel}/section/.BTF.units`), units),
    unpacked: await Promise.all(
      names
        .filter((name) => name.endsWith('.lz4'))
        .map(async (name) => [
          name,
          same(await unpacked(artifacts[name]), artifacts[name.slice(0, -'.lz4'.length)]),
        ]),
    ),
    misses: await Promise.all(
      [`/v1/kernels/${bare}/vmlinux.units.btf`, `/buildid/${bare}/section/.BTF.units`].map(json),
    ),
    manifest: Buffer.from(artifacts.manifest).toString(),
    collected,
    checked,
    damaged,
    split,
    made:
      made.code === 0
        ? sectionsOf(await unpacked(await readFile(join(folder, 'made.ko.lz4'))))
        : made.output,
    card: await cardOf(record),
  };
  process.stdout.write(JSON.stringify(report));
} finally {
  await depot.stop();
}

interface Kernel {
  artifacts: Record<string, unknown>;
}

function boxed(members: Record<string, Uint8Array>): Uint8Array {
  const pieces = Object.entries(members).flatMap(([name, bytes]) => {
    const lengths = Buffer.alloc(8);
    lengths.writeUInt32LE(name.length, 0);
    lengths.writeUInt32LE(bytes.length, 4);
    return [lengths, Buffer.from(name), bytes];
  });
  return Buffer.concat([Buffer.from('BOX1'), ...pieces]);
}

/** Standard output only: slow commands print progress on standard error. */
function reportOf(...args: string[]): Promise<unknown> {
  const main = fileURLToPath(new URL('../../../cli/src/main.ts', import.meta.url));
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args, '--json'], { cwd: folder }, (_, stdout) => {
      resolve(JSON.parse(stdout));
    });
  });
}

async function json(path: string): Promise<unknown> {
  return (await fetch(depot.url + path)).json();
}

async function bytesOf(path: string): Promise<Uint8Array> {
  const answer = await fetch(depot.url + path);
  return new Uint8Array(await answer.arrayBuffer());
}

function sectionsOf(module: Uint8Array): string[] {
  return readCarrier(module).sections.map(({ name }) => name);
}

function carried(module: Uint8Array, section: string): Uint8Array | undefined {
  return readCarrier(module).sections.find(({ name }) => name === section)?.bytes;
}

async function unpacked(bytes: Uint8Array): Promise<Uint8Array> {
  return Buffer.concat(await collect(decompress('lz4', [bytes], { limit: 2 ** 26 })));
}

function same(one: Uint8Array | undefined, other: Uint8Array): boolean {
  return one !== undefined && Buffer.compare(one, other) === 0;
}

/** The page's own card, with the few parts of a document that it needs. */
async function cardOf(record: unknown): Promise<string> {
  class Node {
    readonly #children: unknown[] = [];
    append = (...children: unknown[]) => void this.#children.push(...children);
    setAttribute = () => undefined;
    get textContent(): string {
      return this.#children
        .map((child) => (child instanceof Node ? child.textContent : String(child)))
        .join(' ');
    }
  }
  const document = { createElement: () => new Node() };
  Object.assign(globalThis, { Node, document, location: { href: depot.url } });
  const { CARDS } = (await import(
    new URL('../../../catalogue/src/kernel/extra-cards.ts', import.meta.url).href
  )) as { CARDS: Record<string, (record: unknown) => Node[]> };
  return CARDS.units(record)
    .map(({ textContent }) => textContent)
    .join();
}
