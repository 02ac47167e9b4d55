import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DepotClient } from '@btf-depot/client';
import { buildIdOf, kernelBtf, kernelFile, sha256Of } from '@btf-depot/testing';
import { btfdepot } from '@btf-depot/testing/processes';
import type { Depot } from './depot.ts';
import type { Random } from './random.ts';

/** Extra structures of a kernel's BTF: at least this many, and up to twice as many. */
const BALLAST = 300;

/** A kernel that was acknowledged. */
export interface Kernel {
  name: string;
  buildId: string;
  /** SHA-256 of the core BTF that was sent: the depot must serve the same. */
  core: string;
}

/** Sends kernels, and records the depot's answers. */
export class Ledger {
  readonly acknowledged = new Map<string, Kernel>();
  readonly figures = { uploads: 0, acknowledged: 0, refused: 0 };
  readonly #depot: Depot;
  readonly #random: Random;

  constructor(depot: Depot, random: Random) {
    this.#depot = depot;
    this.#random = random;
  }

  /** @returns undefined: it was refused. */
  async upload(name: string): Promise<Kernel | undefined> {
    this.figures.uploads++;
    const { kernel, full, ...about } = filesOf(name);
    const blobs = { kernel: new Blob([kernel]), full: new Blob([full]) };
    const url = this.#random.of(this.#depot.seatsOf('ingest')).url();
    try {
      await new DepotClient(url).upload(blobs, { signal: AbortSignal.timeout(60_000) });
    } catch {
      this.figures.refused++;
      return undefined;
    }
    this.figures.acknowledged++;
    this.acknowledged.set(about.buildId, about);
    return about;
  }

  /** As a build farm: `btfdepot push`, which asks the depot before it sends. */
  async push({ name }: Kernel): Promise<boolean> {
    const { folder, seatsOf } = this.#depot;
    const { kernel, full } = filesOf(name);
    await writeFile(join(folder, name), kernel);
    await writeFile(join(folder, `${name}.full`), full);
    const url = this.#random.of(seatsOf('ingest')).url();
    const { code } = await btfdepot(
      ['push', '--url', url, name, '--full', `${name}.full`],
      folder,
      {
        BTFDEPOT_URL: this.#random.of(seatsOf('fetch')).url(),
      },
    );
    return code === 0;
  }
}

function filesOf(name: string) {
  const buildId = buildIdOf(name);
  // Of several sizes: the types of their variables have other ids, so that few share their bytes.
  const shape = { name, ballast: BALLAST + (parseInt(buildId.slice(0, 6), 16) % BALLAST) };
  const btf = kernelBtf(shape);
  return {
    name,
    buildId,
    core: sha256Of(btf),
    kernel: new Uint8Array(kernelFile({ buildId, btf })),
    full: new Uint8Array(kernelBtf({ ...shape, globals: true })),
  };
}
