import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { JobQueue } from '@btf-depot/depot';
import { expect, test } from 'vitest';
import { ReadinessChecks } from '../readiness.ts';
import { Metrics } from './metrics.ts';

const root = fileURLToPath(new URL('../../../..', import.meta.url));

async function registered(): Promise<Set<string>> {
  const metrics = new Metrics();
  metrics.watchReadiness(new ReadinessChecks({}));
  metrics.watchDisk(() => Promise.resolve({ free: 1, promised: 0 }));
  const queue: Pick<JobQueue, 'counts' | 'longestWait'> = {
    counts: () => Promise.resolve({ waiting: 0, active: 0, delayed: 0 }),
    longestWait: () => Promise.resolve(0),
  };
  metrics.watchQueue(queue as JobQueue);
  return new Set((await metrics.registry.getMetricsAsJSON()).map(({ name }) => name));
}

/** Names in a text, without what a histogram adds to them. */
const namesIn = (text: string) =>
  new Set(
    [...text.matchAll(/\bbtfdepot_[a-z_]+[a-z]\b/g)]
      .map(([name]) => name.replace(/_(?:bucket|sum|count)$/, ''))
      .filter((name) => !/^btfdepot_(?:process|nodejs)$/.test(name)),
  );

test('one page explains each metric, and no other', async () => {
  const page = await readFile(`${root}docs/metrics.md`, 'utf8');
  expect([...namesIn(page)].sort()).toEqual([...(await registered())].sort());
});

test.each(['infra/prometheus/btf-depot.rules.yml', 'infra/grafana/btf-depot.json'])(
  '%s asks for metrics that there are',
  async (file) => {
    const names = namesIn(await readFile(root + file, 'utf8'));
    const known = await registered();
    expect(names.size).toBeGreaterThan(5);
    expect([...names].filter((name) => !known.has(name))).toEqual([]);
  },
);
