import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArchiveError } from './errors.ts';

/** Conditions for trusting an archive's indexes. */
export interface Trust {
  /** Keyrings, binary or armoured; by default those of the system's package managers. */
  keyrings?: readonly string[] | undefined;
  /** Accept archives that nobody signed, or whose lists are too old. */
  unsigned?: boolean | undefined;
}

/**
 * apt's and rpm's folders for keys of distributions. Keys of third parties are there too, under
 * their names.
 */
const SYSTEM: readonly (readonly [folder: string, names: RegExp])[] = [
  ['/etc/apt/trusted.gpg.d', /\.(gpg|asc)$/],
  ['/usr/share/keyrings', /^[\w-]+-(archive|dbgsym)-keyring\.gpg$/],
  ['/etc/pki/rpm-gpg', /^RPM-GPG-KEY-/],
];

/** The signed text of a clear-signed file (RFC 9580, 7), without the text around it. */
export async function signedText(
  file: Uint8Array,
  what: string,
  trust: Trust,
): Promise<Uint8Array> {
  return withFolder(async (folder) => {
    const output = join(folder, 'text');
    await writeFile(join(folder, 'file'), file);
    await verify(folder, ['--output', output, join(folder, 'file')], what, trust);
    return readFile(output);
  });
}

/** @throws ArchiveError unless a trusted key made the file's signature. */
export async function checkSignature(
  file: Uint8Array,
  signature: Uint8Array,
  what: string,
  trust: Trust,
): Promise<void> {
  await withFolder(async (folder) => {
    await writeFile(join(folder, 'file'), file);
    await writeFile(join(folder, 'file.sig'), signature);
    await verify(folder, [join(folder, 'file.sig'), join(folder, 'file')], what, trust);
  });
}

/**
 * As in apt: one good signature is enough, since an archive is signed with old and new keys; a bad
 * one makes it invalid.
 */
async function verify(folder: string, args: string[], what: string, trust: Trust): Promise<void> {
  const keyrings = await binaryKeyrings(folder, trust.keyrings ?? (await systemKeyrings()));
  if (keyrings.length === 0) {
    throw new ArchiveError('unsigned', `${what}: this system has no keyrings to check it with`);
  }
  const rings = keyrings.flatMap((ring) => ['--keyring', ring]);
  const status = await gpgv(['--status-fd', '1', ...rings, ...args]);
  const says = (word: string) => new RegExp(`^\\[GNUPG:\\] ${word}\\b`, 'm').test(status);
  if (says('GOODSIG') && says('VALIDSIG') && !says('BADSIG')) return;
  const unknown = /^\[GNUPG:\] NO_PUBKEY (\w+)/m.exec(status)?.[1];
  const why = says('BADSIG')
    ? 'its signature is wrong'
    : unknown !== undefined
      ? `no keyring has the key ${unknown}`
      : 'it has no signature that holds';
  throw new ArchiveError('unsigned', `${what}: ${why}`);
}

function gpgv(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('gpgv', [...args], (error, stdout) => {
      if ((error as NodeJS.ErrnoException | null)?.code === 'ENOENT') {
        const how = 'install the package gpgv';
        reject(new ArchiveError('no-gpgv', `gpgv checks archives and is not installed; ${how}`));
      } else resolve(stdout);
    });
  });
}

async function systemKeyrings(): Promise<string[]> {
  const found = SYSTEM.map(async ([folder, names]) => {
    const files = await readdir(folder).catch(() => []);
    return files.filter((name) => names.test(name)).map((name) => join(folder, name));
  });
  return (await Promise.all(found)).flat();
}

/** gpgv reads no armoured keyrings. */
async function binaryKeyrings(folder: string, paths: readonly string[]): Promise<string[]> {
  const files = paths.map(async (path, at) => {
    const bytes = await readFile(path);
    const blocks = bytes.toString('latin1').split('-----BEGIN PGP PUBLIC KEY BLOCK-----').slice(1);
    if (blocks.length === 0) return path;
    const binary = join(folder, `keys-${at}.gpg`);
    await writeFile(binary, Buffer.concat(blocks.map(dearmoured)));
    return binary;
  });
  return Promise.all(files);
}

/**
 * The contents of an armoured block (RFC 9580, 6.2): base64 after an empty line, up to its
 * checksum.
 */
function dearmoured(block: string): Buffer {
  const lines = block.split('-----END PGP')[0]?.split(/\r?\n/) ?? [];
  const empty = lines.findIndex((line, at) => at > 0 && line.trim() === '');
  const body = lines.slice(empty + 1).filter((line) => !line.startsWith('='));
  return Buffer.from(body.join(''), 'base64');
}

async function withFolder<Result>(use: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'btf-depot-gpgv-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
