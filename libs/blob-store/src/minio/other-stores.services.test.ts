import { OTHER_STORES } from '@btf-depot/services';
import { sha256Of, someBytes } from '@btf-depot/testing';
import { expect, onTestFinished, test } from 'vitest';
import { openMinioStores } from './open.ts';

// They take minutes to build and install.
const isAsked = process.env.BTFDEPOT_STORES === 'full';

test.for<[keyof typeof OTHER_STORES, refused: RegExp | undefined]>([
  ['SeaweedFS', undefined],
  ['VersityGW', /of [28] writers that (created|replaced) .* were told that they succeeded/],
  ['VersityGW without metadata', /creates an object that exists already/],
  ['s3rver', /creates an object that exists already/],
])(
  '%s, by what it does when services start',
  { timeout: 900_000 },
  async ([name, refused], context) => {
    if (!isAsked) return context.skip('BTFDEPOT_STORES=full tries servers other than MinIO');
    const { stop, ...store } = await OTHER_STORES[name]();
    onTestFinished(stop);
    const opened = openMinioStores({ ...store, bucket: 'depot' }, { probe: true });
    if (refused) return expect(opened).rejects.toThrow(refused);
    const { blobs, checkWrites } = await opened;
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
