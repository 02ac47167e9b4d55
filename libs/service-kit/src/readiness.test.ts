import { expect, test, vi } from 'vitest';
import { ReadinessChecks } from './readiness.ts';

const fails = (reason: string) => () => Promise.reject(new Error(reason));

test('what fails is told by its kind, with why', async () => {
  const checks = new ReadinessChecks({
    store: { kind: 'hard', run: fails('is full') },
    queue: { kind: 'degraded', run: fails('is away') },
    room: { kind: 'hard', run: () => Promise.resolve() },
  });
  expect(await checks.look()).toEqual({
    failing: { store: 'is full' },
    degraded: { queue: 'is away' },
  });
  expect(await checks.each()).toEqual([
    ['store', 'hard', false],
    ['queue', 'degraded', false],
    ['room', 'hard', true],
  ]);
});

test('a check that hangs fails within two seconds, and runs once however many ask', async () => {
  const run = vi.fn(() => new Promise<void>(() => undefined));
  const checks = new ReadinessChecks({ store: { kind: 'hard', run } });
  const started = performance.now();
  const found = await Promise.all([1, 2, 3].map(() => checks.look()));
  expect(performance.now() - started).toBeLessThan(4000);
  for (const { failing } of found) expect(failing.store).toBe('no answer within 2000 ms');
  await checks.look();
  expect(run).toHaveBeenCalledTimes(1);
});

test('a result is asked for again when it is a second old', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  try {
    const run = vi.fn<() => Promise<void>>(fails('is away'));
    const checks = new ReadinessChecks({ store: { kind: 'hard', run } });
    await checks.look();
    await checks.look();
    expect(run).toHaveBeenCalledTimes(1);
    run.mockResolvedValue(undefined);
    vi.advanceTimersByTime(1001);
    expect(await checks.look()).toEqual({ failing: {}, degraded: {} });
  } finally {
    vi.useRealTimers();
  }
});
