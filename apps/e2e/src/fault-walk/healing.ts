import { setTimeout as sleep } from 'node:timers/promises';
import { btfdepot } from '@btf-depot/testing/processes';
import type { Depot } from './depot.ts';
import type { Kernel, Ledger } from './ledger.ts';
import type { Readers } from './readers.ts';

/** Milliseconds between two looks at a damaged kernel. */
const PAUSE = 500;

/** Milliseconds that a kernel has to become whole without another upload. */
const BY_ITSELF = 5000;

interface Repairs {
  settled: { buildId: string }[];
  aside: string[];
  rewritten: string[];
}

/** Milliseconds until no fetch answers with a record that it read before the damage. */
const REMEMBERED = 1000;

/** Heals kernels as their farms and operators would, and counts how. */
export class Healing {
  readonly figures = { byItself: 0, byPush: 0, byRepair: 0, pushes: 0, repairs: 0 };
  readonly #depot: Depot;
  readonly #ledger: Ledger;
  readonly #readers: Readers;
  readonly #repaired = new Set<string>();

  constructor(depot: Depot, ledger: Ledger, readers: Readers) {
    this.#depot = depot;
    this.#ledger = ledger;
    this.#readers = readers;
  }

  /**
   * Reads a damaged kernel, and sends it again if that does not help.
   * @returns the seconds until it was whole, 0 if nothing was wrong; undefined: not within the
   *   limit.
   */
  async heal(kernel: Kernel, limitMs: number): Promise<number | undefined> {
    const began = performance.now();
    await sleep(REMEMBERED);
    if (await this.#readers.isWhole(kernel)) return 0;
    let isPushed = false;
    while (!(await this.#readers.isWhole(kernel))) {
      const passed = performance.now() - began;
      if (passed > limitMs) return undefined;
      if (
        passed > BY_ITSELF &&
        (await this.#readers.record(kernel.buildId))?.state !== 'compressing'
      ) {
        this.figures.pushes++;
        if (await this.#ledger.push(kernel)) isPushed = true;
      }
      await sleep(PAUSE);
    }
    const isRepaired = this.#repaired.delete(kernel.buildId);
    this.figures[isRepaired ? 'byRepair' : isPushed ? 'byPush' : 'byItself']++;
    return (performance.now() - began) / 1000;
  }

  /** `btfdepot fsck --repair`, as run by a timer. @returns its findings; undefined: store away. */
  async repair(...args: string[]): Promise<unknown[] | undefined> {
    const { folder, environment } = this.#depot;
    const { code, output } = await btfdepot(
      ['fsck', '--repair', '--json', ...args],
      folder,
      environment,
    );
    if (code !== 0 && code !== 1) return undefined;
    const { findings, repaired } = JSON.parse(output.slice(output.indexOf('{'))) as {
      findings: { buildId: string }[];
      repaired: Repairs;
    };
    this.figures.repairs++;
    const { settled, aside, rewritten } = repaired;
    for (const id of [...settled.map(({ buildId }) => buildId), ...aside, ...rewritten]) {
      this.#repaired.add(id);
    }
    return findings;
  }
}
