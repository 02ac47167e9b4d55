import { DepotError } from '@btf-depot/depot';
import { expect, test } from 'vitest';
import { Admission, type Entrant } from './admission.ts';

const open = (rules = {}) => new Admission({ uploads: 2, perMinute: 3, ...rules });

/** A refusal is a rejection here. */
const enter = (admission: Admission, entrant: Entrant) =>
  new Promise<() => void>((resolve) => resolve(admission.enter(entrant)));

const from = (client: string, more: Partial<Entrant> = {}): Entrant => ({
  client,
  checkRoom: () => undefined,
  cut: () => expect.unreachable(),
  ...more,
});

const tooMany = { code: 'too-many-uploads' };

test('a limited number at one time, and another when one has ended', async () => {
  const admission = open();
  const first = await enter(admission, from('one'));
  await enter(admission, from('one'));
  await expect(enter(admission, from('one'))).rejects.toMatchObject(tooMany);
  first();
  await enter(admission, from('one'));
});

test('a token begins a limited number a minute, whatever others do', async () => {
  const admission = open({ uploads: 100 });
  const begin = (token: string) => enter(admission, from(token, { token }));
  for (let times = 0; times < 3; times++) await begin('one');
  await expect(begin('one')).rejects.toMatchObject({ code: 'rate-exceeded' });
  await begin('other');
});

test('another client takes the place of the newest upload of the one that has most', async () => {
  const admission = open({ uploads: 4 });
  const cut: string[] = [];
  const begin = (client: string, name: string) =>
    enter(
      admission,
      from(client, {
        cut: (reason) => {
          expect(reason).toBeInstanceOf(DepotError);
          expect(reason).toMatchObject(tooMany);
          cut.push(name);
        },
      }),
    );
  await begin('few', 'few 1');
  const ends = [];
  for (const name of ['many 1', 'many 2', 'many 3']) ends.push(await begin('many', name));
  await begin('other', 'other 1');
  expect(cut).toEqual(['many 3']);
  // One each and two: a cut now would only lead to the opposite cut.
  for (const client of ['many', 'few', 'other']) {
    await expect(begin(client, 'more')).rejects.toMatchObject(tooMany);
  }
  await begin('fourth', 'fourth 1');
  expect(cut).toEqual(['many 3', 'many 2']);
  await expect(begin('fifth', 'fifth 1')).rejects.toMatchObject(tooMany);
  // An upload that was cut ends later, and does not free its place a second time.
  ends[2]?.();
  await expect(begin('fifth', 'fifth 1')).rejects.toMatchObject(tooMany);
  ends[0]?.();
  await begin('fifth', 'fifth 1');
});

test('nobody is cut for an upload that the next check refuses', async () => {
  const admission = open({ uploads: 2 });
  await enter(admission, from('many'));
  await enter(admission, from('many'));
  const checkRoom = () => {
    throw new DepotError('busy', 'full');
  };
  await expect(enter(admission, from('other', { checkRoom }))).rejects.toMatchObject({
    code: 'busy',
  });
});
