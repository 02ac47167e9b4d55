import { encodePublicKey, publicKeyLine } from '@btf-depot/contracts';
import { createSecretKey, openSecretKey } from '@btf-depot/depot';
import { Command } from 'commander';
import { writeFile } from 'node:fs/promises';
import { jsonOption } from '../options/options.ts';
import { note, print, printJson } from '../terminal/output.ts';
import { UsageError } from '../options/usage-error.ts';

export function keyCommand(): Command {
  const command = new Command('key')
    .summary('keys that manifests are signed with')
    .description(
      'Ed25519 keys without a passphrase, in the format of signify and usign. Keys that signify or ' +
        'usign made work too. minisign reads the public keys.',
    );
  command
    .command('create')
    .summary('make a key')
    .description(
      'Writes NAME.sec, the secret key for BTFDEPOT_SIGNING_KEYS, and NAME.pub, the public key.',
    )
    .argument('<name>')
    .addOption(jsonOption())
    .action(create);
  return command;
}

async function create(name: string, flags: { json?: boolean }): Promise<void> {
  if (name === '') throw new UsageError('the name is empty');
  const secret = createSecretKey();
  const { publicKey } = openSecretKey(secret);
  const [secretFile, publicFile] = [`${name}.sec`, `${name}.pub`];
  // An existing key is not overwritten.
  await writeFile(secretFile, secret, { mode: 0o600, flag: 'wx' });
  await writeFile(publicFile, encodePublicKey(publicKey), { flag: 'wx' });
  const line = publicKeyLine(publicKey);
  if (flags.json) {
    printJson({ number: publicKey.number, publicKey: line, secretFile, publicFile });
    return;
  }
  print(`${line}\n`);
  note(`key ${publicKey.number}: ${secretFile} is secret, ${publicFile} is for everybody`);
}
