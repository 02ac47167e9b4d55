import { readFile } from 'node:fs/promises';
import { decodePublicKey, publicKeyLine, type PublicKey } from '@btf-depot/contracts';
import { openSecretKey, type SigningKey } from '@btf-depot/depot';
import type { Logger } from '../logger.ts';
import { paths, setting, SettingsError, type Settings } from '../settings/declare.ts';

/** For services that publish. */
export const signingSettings = {
  BTFDEPOT_SIGNING_KEYS: setting(
    paths,
    '',
    'Secret keys: each signs every manifest, the first one `manifest.sig`.',
  ),
};

/** For services that only show the public keys. */
export const publicKeySettings = {
  BTFDEPOT_PUBLIC_KEYS: setting(paths, '', 'Public keys, which `/v1/keys` answers.'),
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
  return readPublicKeyFiles('BTFDEPOT_PUBLIC_KEYS', BTFDEPOT_PUBLIC_KEYS);
}

/** @throws SettingsError that names the setting and the file. */
export function readPublicKeyFiles(
  setting: string,
  files: readonly string[],
): Promise<PublicKey[]> {
  return readKeys(setting, files, decodePublicKey);
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
