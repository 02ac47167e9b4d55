import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { progressBar } from './progress-bar.ts';

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
  bar.stop();
  expect(said()).toBe('\r\x1b[K');
  vi.advanceTimersByTime(5000);
  expect(said()).toBe('');
});

it('nothing is written where nobody watches', () => {
  const { bar, said } = watched(false);
  bar.busy('hashing');
  vi.advanceTimersByTime(3000);
  bar.stop();
  expect(said()).toBe('');
});
