import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Absent } from './absent.ts';
import { cacheFolder } from './cache-folder.ts';
import { CommandError } from './command.ts';
import { withLock } from './lock.ts';
import { humanBytes, say } from './say.ts';
import type { Suite } from './suite.ts';

/** One package, from the suite's signed lists. */
export interface Package {
  readonly name: string;
  readonly uri: string;
  /** apt's name of the file: `NAME_VERSION_ARCHITECTURE.deb`, a `:` of the version as `%3a`. */
  readonly file: string;
  readonly size: number;
  readonly sha256: string;
}

/** Reads the output of `apt-get --print-uris`: `'URI' FILE SIZE SHA256:HASH`, among other lines. */
export function parsePrintedUris(listing: string): Package[] {
  return [...listing.matchAll(/^'([^']+)' (\S+) (\d+) SHA256:([0-9a-f]{64})$/gm)].map(
    ([, uri = '', file = '', size = '', sha256 = '']) => ({
      name: file.slice(0, file.indexOf('_')),
      uri,
      file,
      size: Number(size),
      sha256,
    }),
  );
}

export interface Wanted {
  readonly packages: readonly string[];
  /** Also download their dependencies. */
  readonly closure: boolean;
  /**
   * Matches the names of possible replacements, which the message lists if the packages are
   * missing.
   */
  readonly family?: string;
}

/** Looks the packages up in the suite's lists. */
export async function lookUp(suite: Suite, wanted: Wanted): Promise<Package[]> {
  const verb = wanted.closure ? ['install', '--yes'] : ['download'];
  const listed = await suite.apt('apt-get', ['--print-uris', ...verb, ...wanted.packages]);
  const found = listed.code === 0 ? parsePrintedUris(listed.stdout) : [];
  if (wanted.packages.every((name) => found.some((one) => one.name === name))) return found;
  const served = wanted.family === undefined ? [] : await namesLike(suite, wanted.family);
  throw new Absent(
    `Debian ${suite.name} (${suite.architecture}) does not serve ${wanted.packages.join(', ')}`,
    served.length > 0
      ? `It serves ${served.join(', ')}.`
      : `apt says: ${listed.stderr.trim().split('\n').join(' ')}`,
    { cause: new CommandError('apt-get --print-uris', 'failed', listed.stderr) },
  );
}

async function namesLike(suite: Suite, family: string): Promise<string[]> {
  const { stdout } = await suite.apt('apt-cache', ['pkgnames']);
  const matches = new RegExp(`^(?:${family})$`);
  return stdout
    .split('\n')
    .filter((name) => matches.test(name))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}

/**
 * Downloads packages, calls `use` with their paths, and removes them. apt's helper checks each
 * against the hash of the signed lists, and continues a partial download. `label` names the
 * purpose. Two users of one package take turns, so that neither removes the other's.
 */
export async function withPackages(
  suite: Suite,
  packages: readonly Package[],
  label: string,
  use: (files: readonly string[]) => Promise<void>,
): Promise<void> {
  const folder = join(cacheFolder(), 'downloads');
  await mkdir(folder, { recursive: true });
  await withLock(`downloads-${suite.name}-${suite.architecture}`, async () => {
    const files = await fetchInto(folder, suite, packages, label);
    await use(files);
    for (const file of files) await rm(file);
  });
}

async function fetchInto(
  folder: string,
  suite: Suite,
  packages: readonly Package[],
  label: string,
): Promise<string[]> {
  const target = ({ file, sha256 }: Package) => join(folder, `${sha256.slice(0, 8)}-${file}`);
  const missing = packages.filter((one) => !existsSync(target(one)));
  if (missing.length > 0) {
    const bytes = missing.reduce((sum, { size }) => sum + size, 0);
    const count = `${missing.length} package${missing.length === 1 ? '' : 's'}`;
    say(`fetching ${humanBytes(bytes)} for ${label}: ${count} of Debian ${suite.name}`);
    const jobs = missing.flatMap((one) => [one.uri, `${target(one)}.part`, `SHA256:${one.sha256}`]);
    // If we are killed, apt's helper continues; its own lock keeps the next one off its files.
    const helper = [join(folder, 'lock'), '/usr/lib/apt/apt-helper', 'download-file', '-q'];
    const fetched = await suite.apt('flock', [...helper, ...jobs]);
    if (fetched.code !== 0) {
      const cause = new CommandError('apt-helper download-file', 'failed', fetched.stderr);
      throw new Absent(
        `${label} could not be downloaded`,
        `Try again: it goes on where it stopped. apt says:\n${fetched.stderr.trim()}`,
        { cause },
      );
    }
    // Only a name without .part is a complete package: apt's helper writes in place.
    for (const one of missing) await rename(`${target(one)}.part`, target(one));
  }
  return packages.map(target);
}
