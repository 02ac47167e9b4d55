import type { JobQueue } from '@btf-depot/depot';
import { kernelRecord, memoryStores, sha256Of, someBytes } from '@btf-depot/testing';
import { expect, test } from 'vitest';
import { Metrics } from './metrics.ts';

test('what was counted is told in the form of Prometheus', async () => {
  const metrics = new Metrics();
  metrics.refused('no-btf');
  metrics.received(1000);
  const uploadedAt = new Date(Date.now() - 90_000).toISOString();
  const kernels = ['ready', 'ready', 'compressing'].map((state) => ({ state, uploadedAt }));
  metrics.swept(kernels, 2);
  metrics.jobEnded('retry');
  metrics.jobStalled();
  metrics.watchDisk(() => Promise.resolve({ free: 7, promised: 3 }));
  await metrics.stage('compress', () => Promise.resolve());
  await expect(metrics.stage('compress', () => Promise.reject(new Error('no')))).rejects.toThrow();
  const text = await metrics.registry.metrics();
  expect(text).toContain('btfdepot_refusals_total{code="no-btf"} 1');
  expect(text).toContain('btfdepot_upload_bytes_total 1000');
  expect(text).toContain('btfdepot_records{state="ready"} 2');
  expect(text).toContain('btfdepot_unreadable_records 2');
  expect(text).toMatch(/btfdepot_oldest_compressing_seconds (9\d|1\d\d)\b/);
  expect(text).toContain('btfdepot_job_outcomes_total{outcome="retry"} 1');
  expect(text).toContain('btfdepot_job_stalls_total 1');
  expect(text).toContain('btfdepot_staging_bytes{kind="free"} 7');
  expect(text).toContain('btfdepot_stage_seconds_count{stage="compress"} 2');
});

test('a state that no kernel has any more is not told', async () => {
  const metrics = new Metrics();
  const uploadedAt = new Date().toISOString();
  metrics.swept([{ state: 'failed', uploadedAt }], 0);
  metrics.swept([{ state: 'ready', uploadedAt }], 0);
  expect(await metrics.registry.metrics()).not.toContain('state="failed"');
});

test('a store whose time is taken is the same store', async () => {
  const metrics = new Metrics();
  const { blobs, records } = metrics.timed(memoryStores());
  const bytes = someBytes(10, 'timed');
  await blobs.put(sha256Of(bytes), bytes);
  expect(await blobs.get(sha256Of(bytes))).toEqual(bytes);
  await records.put(kernelRecord(), undefined);
  expect((await records.get(kernelRecord().buildId))?.record).toEqual(kernelRecord());
  expect(await metrics.registry.metrics()).toContain(
    'btfdepot_store_seconds_count{operation="put blob"} 1',
  );
  // Somebody else was first: as it should be.
  await expect(records.put(kernelRecord(), undefined)).rejects.toThrow();
  expect(await metrics.registry.metrics()).toContain(
    'btfdepot_store_requests_total{operation="put record",outcome="ok"} 2',
  );
});

test('the queue is asked at each scrape, and may be away', async () => {
  const metrics = new Metrics();
  let counts = () => Promise.resolve({ waiting: 3, active: 1, delayed: 0 });
  const longestWait = () => Promise.resolve(1500);
  metrics.watchQueue({ counts: () => counts(), longestWait } as unknown as JobQueue);
  expect(await metrics.registry.metrics()).toContain('btfdepot_jobs{state="waiting"} 3');
  expect(await metrics.registry.metrics()).toContain('btfdepot_job_wait_seconds 1.5');
  counts = () => Promise.reject(new Error('away'));
  expect(await metrics.registry.metrics()).toContain('btfdepot_jobs{state="waiting"} 3');
});
