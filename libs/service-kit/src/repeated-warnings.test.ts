import { expect, test, vi } from 'vitest';
import { RepeatedWarnings } from './repeated-warnings.ts';

test('one cause is one line a minute, with how often it came', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  try {
    const lines: object[] = [];
    const warnings = new RepeatedWarnings({ warn: (fields: object) => void lines.push(fields) });
    const away = (id: string) =>
      warnings.warn({ buildId: id }, 'not read', new Error(`cannot read kernels/${id}: refused`));
    for (let n = 0; n < 1000; n++) away(`abcdef0123456789${n}`);
    warnings.warn({}, 'not read', new Error('another cause'));
    expect(lines).toEqual([
      {
        buildId: 'abcdef01234567890',
        detail: 'cannot read kernels/abcdef01234567890: refused',
        times: undefined,
      },
      { detail: 'another cause', times: undefined },
    ]);
    vi.advanceTimersByTime(60_001);
    away('abcdef0123456789');
    expect(lines.at(-1)).toMatchObject({ times: 1000 });
  } finally {
    vi.useRealTimers();
  }
});
