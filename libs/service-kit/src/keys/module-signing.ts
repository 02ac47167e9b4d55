import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import {
  certificatePem,
  checkSigner,
  signModule,
  signModuleBy,
  type ModuleCertificate,
  type SignDigest,
} from '@btf-depot/carrier';
import { oneOf, path, setting, SettingsError, text, type Settings } from '../settings/declare.ts';

/** Of services that make modules: signatures for kernels that load only signed ones. */
export const moduleSettings = {
  BTFDEPOT_MODULE_CERTIFICATE: setting(
    path.optional(),
    undefined,
    'Certificate (PEM or DER) that carriers are signed with; unset, they are not signed.',
  ),
  BTFDEPOT_MODULE_KEY: setting(
    path.optional(),
    undefined,
    'Private key of the certificate (PEM, RSA or EC).',
  ),
  BTFDEPOT_MODULE_SIGNER: setting(
    text.optional(),
    undefined,
    'Command that signs instead of the key, see libs/carrier.',
  ),
  BTFDEPOT_MODULE_HASH: setting(
    oneOf('sha256', 'sha384', 'sha512'),
    'sha256',
    'Hash that carriers are signed with.',
  ),
};

/** A signer that does not answer must not block a module for ever. */
const TIME_LIMIT = 60_000;

/**
 * Signs modules by the settings; not at all if they name no certificate.
 * @throws SettingsError that names the wrong setting.
 */
export async function moduleSigning(
  settings: Settings<typeof moduleSettings>,
): Promise<{ signModule?: (module: Uint8Array) => Promise<Uint8Array> }> {
  const {
    BTFDEPOT_MODULE_CERTIFICATE: certificatePath,
    BTFDEPOT_MODULE_KEY: keyPath,
    BTFDEPOT_MODULE_SIGNER: command,
    BTFDEPOT_MODULE_HASH: hash,
  } = settings;
  if (certificatePath === undefined) {
    if (keyPath === undefined && command === undefined) return {};
    throw new SettingsError('BTFDEPOT_MODULE_CERTIFICATE: signing modules needs it');
  }
  if ((keyPath === undefined) === (command === undefined)) {
    throw new SettingsError('BTFDEPOT_MODULE_KEY, BTFDEPOT_MODULE_SIGNER: set exactly one of them');
  }
  try {
    const certificate = certificatePem(await readFile(certificatePath));
    const trusted: ModuleCertificate = { certificate, hash };
    if (command !== undefined) {
      checkSigner(trusted);
      const sign = commandSigner(command);
      return { signModule: (module) => signModuleBy(module, trusted, sign) };
    }
    const signer = { ...trusted, key: await readFile(keyPath ?? '', 'utf8') };
    checkSigner(signer);
    return { signModule: (module) => Promise.resolve(signModule(module, signer)) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new SettingsError(`BTFDEPOT_MODULE_…: ${message}`, { cause: error });
  }
}

/**
 * A shell command that signs with a key that only it can use: it reads the digest from standard
 * input and the hash's name from BTFDEPOT_HASH, and writes the raw signature to standard output, as
 * `openssl pkeyutl -sign -pkeyopt digest:$BTFDEPOT_HASH -inkey …` does.
 */
export function commandSigner(command: string): SignDigest {
  return async (digest, hash) => {
    const child = spawn(command, {
      shell: true,
      env: { ...process.env, BTFDEPOT_HASH: hash },
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: TIME_LIMIT,
      killSignal: 'SIGKILL',
    });
    const signature: Buffer[] = [];
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => signature.push(chunk));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    // It may end without reading; its exit status shows that.
    child.stdin.on('error', () => undefined).end(digest);
    const [status] = (await once(child, 'close')) as [number | null];
    if (status === 0) return new Uint8Array(Buffer.concat(signature));
    const how = status === null ? `did not end in ${TIME_LIMIT / 1000} s` : `exit ${status}`;
    throw new Error(`the signer failed: ${how} ${said.trim().slice(-500)}`);
  };
}
