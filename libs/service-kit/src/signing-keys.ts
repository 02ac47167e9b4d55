import { readFile } from 'node:fs/promises';
import { decodePublicKey, publicKeyLine, type PublicKey } from '@btf-depot/contracts';
import { openSecretKey, type SigningKey } from '@btf-depot/depot';
import { z } from 'zod';
import type { Logger } from './logger.ts';
import { SettingsError, type Settings } from './settings.ts';

const paths = z
  .string()
  .transform((text) => text.split(':').filter((path) => path !== ''))
  .prefault('');

/** Of those who publish. */
export const signingSettings = {
  /** Paths of secret keys, `:` between them: each signs every manifest, the first `manifest.sig`. */
  BTFDEPOT_SIGNING_KEYS: paths,
};

/** Of those who have no secret keys, and tell the public ones. */
export const publicKeySettings = {
  /** Paths of public keys, `:` between them. */
  BTFDEPOT_PUBLIC_KEYS: paths,
};

/** @throws SettingsError that names the file. */
export async function readSigningKeys(
  { BTFDEPOT_SIGNING_KEYS }: Settings<typeof signingSettings>,
  log: Logger,
): Promise<SigningKey[]> {
  const keys = await readKeys('BTFDEPOT_SIGNING_KEYS', BTFDEPOT_SIGNING_KEYS, openSecretKey);
  for (const { publicKey } of keys) {
    log.info({ number: publicKey.number, publicKey: publicKeyLine(publicKey) }, 'signs with key');
  }
  return keys;
}

/** @throws SettingsError that names the file. */
export function readPublicKeys({
  BTFDEPOT_PUBLIC_KEYS,
}: Settings<typeof publicKeySettings>): Promise<PublicKey[]> {
  return readKeys('BTFDEPOT_PUBLIC_KEYS', BTFDEPOT_PUBLIC_KEYS, decodePublicKey);
}

async function readKeys<Key>(
  setting: string,
  files: readonly string[],
  open: (text: string) => Key,
): Promise<Key[]> {
  const keys: Key[] = [];
  for (const file of files) {
    try {
      keys.push(open(await readFile(file, 'utf8')));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new SettingsError(`${setting}: ${file}: ${message}`, { cause: error });
    }
  }
  return keys;
}
