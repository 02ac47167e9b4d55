import { setTimeout as sleep } from 'node:timers/promises';
import { openMinioStores } from '@btf-depot/blob-store';
import { collectGarbage, forEachAtMost, systemClock } from '@btf-depot/depot';
import { collect } from '@btf-depot/testing';
import type { Depot } from './depot.ts';
import type { Healing } from './healing.ts';
import type { Kernel, Ledger } from './ledger.ts';

/** Kernels that are checked at one time. */
const AT_ONCE = 4;

export interface Settled {
  /** Build IDs of acknowledged kernels that are not whole even after another upload. */
  lost: string[];
  /** Findings of the last fsck. */
  findings: unknown[];
  /** Blobs that no record names, and that gc left. */
  orphans: number;
}

/**
 * Restores everything possible, as operators and farms would, and checks the rest.
 * @param limitMs milliseconds that a kernel has to become whole.
 */
export async function settle(
  depot: Depot,
  ledger: Ledger,
  healing: Healing,
  limitMs: number,
): Promise<Settled> {
  await repaired(healing);
  const late: Kernel[] = [];
  await forEachAtMost(AT_ONCE, [...ledger.acknowledged.values()], async (kernel) => {
    if ((await healing.heal(kernel, limitMs)) === undefined) late.push(kernel);
  });
  const { BTFDEPOT_S3_BUCKET: bucket = '' } = depot.environment;
  const { blobs, records } = await openMinioStores({ ...depot.minio, bucket });
  await collectGarbage({ blobs, records, clock: systemClock }, { minAge: -60_000, dryRun: false });
  const findings = await repaired(healing);
  // A busy machine packs a kernel late: it is not lost.
  const lost: string[] = [];
  for (const kernel of late) {
    if ((await healing.heal(kernel, limitMs)) === undefined) lost.push(kernel.buildId);
  }
  const named = new Set<string>();
  const name = (text: string) => {
    for (const [hash] of text.matchAll(/[0-9a-f]{64}/g)) named.add(hash);
  };
  for await (const { buildId } of records.list()) {
    name(JSON.stringify((await records.get(buildId))?.record));
  }
  // A record that was set aside counts too: an operator may want to read it.
  for await (const { bytes } of records.aside.list()) name(Buffer.from(bytes).toString('latin1'));
  const orphans = (await collect(blobs.list())).filter(({ sha256 }) => !named.has(sha256)).length;
  return { lost, findings, orphans };
}

async function repaired(healing: Healing): Promise<unknown[]> {
  for (;;) {
    const findings = await healing.repair();
    if (findings) return findings;
    await sleep(1000);
  }
}
