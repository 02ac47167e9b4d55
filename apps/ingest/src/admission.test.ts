import { tmpdir } from 'node:os';
import { DepotError } from '@btf-depot/depot';
import { expect, test } from 'vitest';
import { Admission, type Entrant } from './admission.ts';

const open = (rules = {}) =>
  new Admission(tmpdir(), { uploads: 2, perMinute: 3, keepFree: 0, ...rules });

const from = (client: string, more: Partial<Entrant> = {}): Entrant => ({
  ...{ client, announced: 0, checkRoom: () => undefined, cut: () => expect.unreachable() },
  ...more,
});

const tooMany = { code: 'too-many-uploads' };

test('so many at one time, and another when one has ended', async () => {
  const admission = open();
  const first = await admission.enter(from('one'));
  await admission.enter(from('one'));
  await expect(admission.enter(from('one'))).rejects.toMatchObject(tooMany);
  first();
  await admission.enter(from('one'));
});

test('a token begins so many in a minute, whatever others do', async () => {
  const admission = open({ uploads: 100 });
  const enter = (token: string) => admission.enter(from(token, { token }));
  for (let times = 0; times < 3; times++) await enter('one');
  await expect(enter('one')).rejects.toMatchObject({ code: 'rate-exceeded' });
  await enter('other');
});

test('no upload begins that would use the space kept free, and it takes no place', async () => {
  const admission = open({ uploads: 1, keepFree: 1000 });
  const large = admission.enter(from('one', { announced: 2 ** 53 }));
  await expect(large).rejects.toMatchObject({ code: 'disk-full' });
  await admission.enter(from('one'));
});

test('another client takes the place of the newest upload of the one that has most', async () => {
  const admission = open({ uploads: 4 });
  const cut: string[] = [];
  const enter = (client: string, name: string) =>
    admission.enter(
      from(client, {
        cut: (reason) => {
          expect(reason).toBeInstanceOf(DepotError);
          expect(reason).toMatchObject(tooMany);
          cut.push(name);
        },
      }),
    );
  await enter('few', 'few 1');
  const ends = [];
  for (const name of ['many 1', 'many 2', 'many 3']) ends.push(await enter('many', name));
  await enter('other', 'other 1');
  expect(cut).toEqual(['many 3']);
  // One each and two: whoever is cut now would only cut in turn.
  for (const client of ['many', 'few', 'other']) {
    await expect(enter(client, 'more')).rejects.toMatchObject(tooMany);
  }
  await enter('fourth', 'fourth 1');
  expect(cut).toEqual(['many 3', 'many 2']);
  await expect(enter('fifth', 'fifth 1')).rejects.toMatchObject(tooMany);
  // What was cut ends later, and gives no place back a second time.
  ends[2]?.();
  await expect(enter('fifth', 'fifth 1')).rejects.toMatchObject(tooMany);
  ends[0]?.();
  await enter('fifth', 'fifth 1');
});

test('nobody is cut for an upload that finds no room behind the door', async () => {
  const admission = open({ uploads: 2 });
  await admission.enter(from('many'));
  await admission.enter(from('many'));
  const checkRoom = () => {
    throw new DepotError('busy', 'full');
  };
  await expect(admission.enter(from('other', { checkRoom }))).rejects.toMatchObject({
    code: 'busy',
  });
});
