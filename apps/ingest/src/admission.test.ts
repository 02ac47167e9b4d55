import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { Admission } from './admission.ts';

const open = (rules = {}) =>
  new Admission(tmpdir(), {
    uploads: 2,
    perMinute: 3,
    keepFree: 0,
    checkRoom: () => undefined,
    ...rules,
  });

test('so many at one time, and another when one has ended', async () => {
  const admission = open();
  const first = await admission.enter(undefined, 0);
  await admission.enter(undefined, 0);
  await expect(admission.enter(undefined, 0)).rejects.toMatchObject({ code: 'too-many-uploads' });
  first();
  await admission.enter(undefined, 0);
});

test('a token begins so many in a minute, whatever others do', async () => {
  const admission = open({ uploads: 100 });
  for (let times = 0; times < 3; times++) await admission.enter('one', 0);
  await expect(admission.enter('one', 0)).rejects.toMatchObject({ code: 'rate-exceeded' });
  await admission.enter('other', 0);
});

test('no upload begins that would use the space kept free, and it takes no place', async () => {
  const admission = open({ uploads: 1, keepFree: 1000 });
  await expect(admission.enter(undefined, 2 ** 53)).rejects.toMatchObject({ code: 'disk-full' });
  await admission.enter(undefined, 0);
});
