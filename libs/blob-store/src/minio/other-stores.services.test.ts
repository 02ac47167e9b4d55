import { OTHER_STORES } from '@btf-depot/services';
import { sha256Of, someBytes } from '@btf-depot/testing';
import { expect, onTestFinished, test } from 'vitest';
import { openMinioStores } from './open.ts';

// They take minutes to build and install.
const isAsked = process.env.BTFDEPOT_STORES === 'full';

test.for<[keyof typeof OTHER_STORES, refused: RegExp | undefined]>([
  ['SeaweedFS', undefined],
  ['VersityGW 1.8.0', undefined],
  ['VersityGW 1.7.0', /of [28] writers that (created|replaced) .* were told that they succeeded/],
  ['VersityGW 1.8.0 without metadata', /creates an object that exists already/],
  ['s3rver', /creates an object that exists already/],
])(
  '%s, by what it does when services start',
  { timeout: 900_000 },
  async ([name, refused], context) => {
    if (!isAsked) return context.skip('BTFDEPOT_STORES=full tries servers other than MinIO');
    const { stop, ...store } = await OTHER_STORES[name]();
    onTestFinished(stop);
    const open = () => openMinioStores({ ...store, bucket: 'depot' }, { probe: true });
    if (refused) {
      // One that loses by races is refused at most starts, not at each.
      const said = () => open().then(() => 'opened', String);
      return expect.poll(said, { timeout: 60_000 }).toMatch(refused);
    }
    const { blobs, checkWrites } = await open();
    await checkWrites();
    const bytes = someBytes(100_000, name);
    const sha256 = sha256Of(bytes);
    await blobs.put(sha256, bytes);
    expect(await blobs.get(sha256)).toEqual(bytes);
    const loaded = await blobs.load(sha256, (size) => Buffer.alloc(size));
    await loaded?.whole;
    expect(loaded && sha256Of(loaded.bytes)).toBe(sha256);
  },
);
