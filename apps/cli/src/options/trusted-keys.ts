import { readFile } from 'node:fs/promises';
import { BadKey, decodePublicKey, type PublicKey } from '@btf-depot/contracts';

/**
 * @param paths of public keys, `:` between them.
 * @throws BadKey that names the file.
 */
export async function trustedKeys(paths = ''): Promise<PublicKey[]> {
  const files = paths.split(':').filter((path) => path !== '');
  return Promise.all(
    files.map(async (file) => {
      const text = await readFile(file, 'utf8');
      try {
        return decodePublicKey(text);
      } catch (error) {
        if (!(error instanceof BadKey)) throw error;
        throw new BadKey(`${file}: ${error.message}`, { cause: error });
      }
    }),
  );
}
