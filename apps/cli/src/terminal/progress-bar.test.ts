import { PassThrough } from 'node:stream';
import type cliProgress from 'cli-progress';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { formatTime, progressBar } from './progress-bar.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function watched(visible: boolean) {
  const stream = new PassThrough();
  const bar = progressBar('vmlinux', visible, stream);
  return { bar, said: () => String((stream.read() as Buffer | null) ?? '') };
}

it('a phase of unknown length is never quiet for two seconds, and leaves a clean line', () => {
  const { bar, said } = watched(true);
  bar.busy('hashing');
  expect(said()).toContain('vmlinux: hashing');
  for (let second = 1; second <= 4; second++) {
    vi.advanceTimersByTime(1000);
    expect(said()).toContain(`vmlinux: hashing, ${second} s`);
  }
  // Repeating it continues the same phase and its time.
  bar.busy('hashing');
  vi.advanceTimersByTime(1000);
  expect(said()).toContain('vmlinux: hashing, 5 s');
  bar.stop();
  expect(said()).toBe('\r\x1b[K');
  vi.advanceTimersByTime(5000);
  expect(said()).toBe('');
});

it('nothing is written without a terminal', () => {
  const { bar, said } = watched(false);
  bar.busy('hashing');
  vi.advanceTimersByTime(3000);
  bar.stop();
  expect(said()).toBe('');
});

it("an unknown time is not shown in the library's words", () => {
  const options = { autopaddingChar: ' ' } as cliProgress.Options;
  const unknown = ['NULL', 'INF'] as unknown as number[];
  expect(unknown.map((time) => formatTime(time, options, 5))).toEqual(['?', '?']);
  expect(formatTime(65, options, 5).trim()).toBe('1m 5s');
});
