import { readFile } from 'node:fs/promises';

/** Milliseconds for which what was read is good. */
const MAX_AGE = 1000;

interface Keys {
  accessKey: string;
  secretKey: string;
}

/**
 * The keys of the store as the files have them that `BTFDEPOT_S3_…_KEY_FILE` name: an operator who
 * changes them need not restart anything. A file that cannot be read for the moment counts as it
 * was.
 *
 * @returns undefined if no file is named.
 */
export function storeKeys(
  keys: Keys,
  environment: Record<string, string | undefined>,
): (() => Promise<Keys>) | undefined {
  const { BTFDEPOT_S3_ACCESS_KEY_FILE: access, BTFDEPOT_S3_SECRET_KEY_FILE: secret } = environment;
  if (!access && !secret) return undefined;
  let known = keys;
  let readAt = performance.now();
  const read = async (file: string | undefined, before: string) => {
    const text = file ? await readFile(file, 'utf8').catch(() => '') : '';
    return text.replace(/\r?\n$/, '') || before;
  };
  return async () => {
    if (performance.now() - readAt < MAX_AGE) return known;
    readAt = performance.now();
    const [accessKey, secretKey] = await Promise.all([
      read(access, known.accessKey),
      read(secret, known.secretKey),
    ]);
    known = { accessKey, secretKey };
    return known;
  };
}
