import { expect, test } from 'vitest';
import { ProblemError, problemOf } from './problem-error.ts';
import { retry } from './retry.ts';

const fault = (status: number, code = 'a-code', retryAfter = 0) =>
  new ProblemError({ code, status, title: 'a title', detail: 'a detail' }, retryAfter);

/** How often something that fails so is tried, and the pauses between. */
async function tried(error: Error, rounds: number) {
  let attempts = 0;
  const pauses: number[] = [];
  const asked = retry(
    () => {
      attempts++;
      return Promise.reject(error);
    },
    { rounds, pauseMs: 4 },
    { onRetry: (_why, pause) => pauses.push(pause) },
  );
  await expect(asked).rejects.toBe(error);
  return { attempts, pauses };
}

test.each([fault(0, 'unreachable'), fault(408), fault(429), fault(503)])(
  'a temporary failure is retried a limited number of times: $code $status',
  async (error) => {
    expect(await tried(error, 3)).toMatchObject({ attempts: 3 });
  },
);

test.each([fault(404), fault(0, 'digest-mismatch'), new TypeError('a mistake')])(
  'a permanent failure is not retried: %s',
  async (error) => {
    expect(await tried(error, 3)).toEqual({ attempts: 1, pauses: [] });
  },
);

test('pauses double, give or take a quarter', async () => {
  const { pauses } = await tried(fault(503), 4);
  expect(pauses).toHaveLength(3);
  for (const [index, pause] of pauses.entries()) {
    const mean = 4 * 2 ** index;
    expect(pause).toBeGreaterThanOrEqual(mean * 0.75);
    expect(pause).toBeLessThanOrEqual(mean * 1.25);
  }
});

test('a depot may ask for a longer pause, not for one of minutes', async () => {
  expect(await tried(fault(503, 'busy', 30), 2)).toMatchObject({ pauses: [30] });
  const ended = new AbortController();
  const pauses: number[] = [];
  const asked = retry(
    () => Promise.reject(fault(429, 'over-budget', 3_600_000)),
    { rounds: 2, pauseMs: 1 },
    {
      signal: ended.signal,
      onRetry: (_why, pause) => {
        pauses.push(pause);
        ended.abort(new Error('ended'));
      },
    },
  );
  await expect(asked).rejects.toThrow('ended');
  expect(pauses).toEqual([10_000]);
});

test.each([
  ['3', undefined, 3000],
  ['Mon, 30 Nov 2026 07:00:03 GMT', 'Mon, 30 Nov 2026 07:00:00 GMT', 3000],
  ['Mon, 30 Nov 2026 07:00:00 GMT', 'Mon, 30 Nov 2026 07:00:03 GMT', 0],
  ['soon', undefined, 0],
  ['-3', undefined, 0],
  ['', undefined, 0],
])('Retry-After is seconds or a date by the clock of the server: %s', async (after, date, ms) => {
  const headers = new Headers({ 'retry-after': after });
  if (date !== undefined) headers.set('date', date);
  const { retryAfter } = await problemOf(new Response('', { status: 503, headers }));
  expect(retryAfter).toBe(ms);
});

test('a date without a clock of the server is compared with ours', async () => {
  const headers = { 'retry-after': new Date(Date.now() + 60_000).toUTCString() };
  const { retryAfter } = await problemOf(new Response('', { status: 503, headers }));
  expect(retryAfter).toBeGreaterThan(0);
  expect(retryAfter).toBeLessThanOrEqual(60_000);
});
