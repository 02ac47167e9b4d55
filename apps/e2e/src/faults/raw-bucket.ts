import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A bucket's objects as stored, without any check. */
export interface RawBucket {
  get: (key: string) => Promise<Buffer>;
  put: (key: string, bytes: Uint8Array) => Promise<void>;
  remove: (key: string) => Promise<void>;
}

/** Requests with curl. @param folder for its files. */
export function rawBucket(
  store: { endpoint: string; accessKey: string; secretKey: string; bucket: string },
  folder: string,
): RawBucket {
  const signed = [
    '--aws-sigv4',
    'aws:amz:us-east-1:s3',
    '-u',
    `${store.accessKey}:${store.secretKey}`,
    '-fsS',
    '--max-time',
    '20',
  ];
  const ask = (key: string, ...args: string[]) =>
    promisify(execFile)('curl', [...signed, ...args, `${store.endpoint}/${store.bucket}/${key}`]);
  const file = join(folder, 'object');
  return {
    get: async (key) => {
      await ask(key, '-o', file);
      return readFile(file);
    },
    put: async (key, bytes) => {
      await writeFile(file, bytes);
      await ask(key, '-T', file);
    },
    remove: async (key) => {
      await ask(key, '-X', 'DELETE');
    },
  };
}
