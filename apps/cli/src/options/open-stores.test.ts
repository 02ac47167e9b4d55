import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { testFolder } from '@btf-depot/testing/folders';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { openStores } from './open-stores.ts';

const folder = testFolder();

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('the store of operators’ verbs', () => {
  test('is the bucket if only files name its keys', async () => {
    const asked: string[] = [];
    const server = createServer(({ url = '' }, response) => {
      asked.push(url);
      response.writeHead(403).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const key = join(folder, 'key');
      await writeFile(key, 'access\n');
      const { port } = server.address() as AddressInfo;
      vi.stubEnv('BTFDEPOT_S3_ENDPOINT', `http://127.0.0.1:${port}`);
      vi.stubEnv('BTFDEPOT_S3_BUCKET', 'of-operators');
      vi.stubEnv('BTFDEPOT_S3_ACCESS_KEY_FILE', key);
      vi.stubEnv('BTFDEPOT_S3_SECRET_KEY_FILE', key);
      vi.stubEnv('BTFDEPOT_DATA', join(folder, 'data'));
      await expect(openStores({}, { make: true })).rejects.toThrow();
      expect(asked.join()).toContain('of-operators');
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  test.each(['BTFDEPOT_DATA', 'BTFDEPOT_DATA_FILE'])(
    'is the folder that %s names',
    async (name) => {
      const data = join(folder, 'kept', name);
      const named = join(folder, name);
      await writeFile(named, `${data}\n`);
      vi.stubEnv(name, name.endsWith('_FILE') ? named : data);
      vi.stubEnv('BTFDEPOT_S3_ACCESS_KEY', '');
      await expect(openStores({})).rejects.toThrow(data);
      await openStores({}, { make: true });
      await openStores({ data });
    },
  );
});
