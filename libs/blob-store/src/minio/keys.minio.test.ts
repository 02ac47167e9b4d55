import { startMinio } from '@btf-depot/services';
import { describeWithServices } from '@btf-depot/services/testing';
import { sha256Of, someBytes } from '@btf-depot/testing';
import { expect, onTestFinished, test } from 'vitest';
import { openMinioStores } from './open.ts';

describeWithServices(['minio'], 'keys that change', () => {
  // A server that starts twice, on a machine that may be busy.
  const LIMIT = 300_000;

  test(
    'while the stores are open: the next request has the new ones',
    async () => {
      const minio = await startMinio();
      onTestFinished(() => minio.stop());
      const { endpoint, accessKey } = minio;
      let { secretKey } = minio;
      const readKeys = () => Promise.resolve({ accessKey, secretKey });
      const stores = await openMinioStores({
        endpoint,
        accessKey,
        secretKey,
        bucket: 'keys',
        readKeys,
      });
      const bytes = someBytes(1000, 'keys');
      const sha256 = sha256Of(bytes);
      await stores.blobs.put(sha256, bytes);
      await minio.restartWith('another-secret');
      await expect(stores.blobs.get(sha256)).rejects.toMatchObject({ code: 'store-unavailable' });
      secretKey = 'another-secret';
      expect(await stores.blobs.get(sha256)).toEqual(bytes);
      // Memory is filled by an address that is signed.
      const loaded = await stores.blobs.load(sha256, (size) => Buffer.alloc(size));
      await loaded?.whole;
      expect(loaded?.bytes.length).toBe(bytes.length);
      await stores.checkWrites();
    },
    LIMIT,
  );
});
