import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Absent } from './absent.ts';
import { cacheFolder } from './cache-folder.ts';
import { attempt, CommandError, run, type Ran } from './command.ts';
import { debianKeyring, debianSource, type DebianSource } from './debian-source.ts';
import { withLock } from './lock.ts';
import { say } from './say.ts';

/** The last one starts apt's helper under a lock. */
type AptCommand = 'apt-get' | 'apt-cache' | 'flock';

/** A Debian suite for one architecture, with its own apt: the system's is not touched. */
export interface Suite {
  readonly name: string;
  readonly architecture: string;
  /** Runs one of apt's commands on this suite. */
  readonly apt: (command: AptCommand, args: readonly string[]) => Promise<Ran>;
}

function sourcesFile(suite: string, architecture: string, source: DebianSource): string {
  const stanza = (uri: string, suites: string) =>
    `Types: deb\nURIs: ${uri}\nSuites: ${suites}\nComponents: main\n` +
    `Architectures: ${architecture}\nSigned-By: ${debianKeyring}\n`;
  if (suite === 'sid' || source.security === undefined) return stanza(source.archive, suite);
  return `${stanza(source.archive, suite)}\n${stanza(source.security, `${suite}-security`)}`;
}

/**
 * Settings that leave out the system's own lists, cache and hooks. apt downloads as the user that
 * runs it: its own user may not enter a home folder.
 */
function configuration(folder: string, architecture: string, acquire: string): string {
  return `${acquire}
Dir::Etc::main "/dev/null";
Dir::Etc::parts "${folder}/none";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "${folder}/sources";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "${folder}/none";
Dir::State "${folder}/state";
Dir::State::status "${folder}/status";
Dir::Cache "${folder}/cache";
APT::Architecture "${architecture}";
APT::Architectures { "${architecture}"; };
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Retries "3";
Acquire::ForceHash "SHA256";
Acquire::GzipIndexes "true";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
`;
}

/**
 * The system's way to its mirror (a proxy, for instance), without its hooks and its other indexes.
 */
async function acquireSettings(): Promise<string> {
  const dump = await run('apt-config', ['dump']);
  return dump
    .split('\n')
    .filter((line) => /^Acquire::(?!IndexTargets|Changelogs|Languages|cdrom)/.test(line))
    .join('\n');
}

async function open(name: string, architecture: string): Promise<Suite> {
  const source = await debianSource();
  const label = `${name}-${architecture}`;
  const folder = join(cacheFolder(), 'apt', label);
  for (const part of ['none', 'sources', 'state/lists/partial', 'cache/archives/partial']) {
    await mkdir(join(folder, part), { recursive: true });
  }
  await writeFile(
    join(folder, 'sources', 'debian.sources'),
    sourcesFile(name, architecture, source),
  );
  const config = join(folder, 'apt.conf');
  await writeFile(config, configuration(folder, architecture, await acquireSettings()));
  // For this apt nothing is installed: a program's dependencies are listed in full.
  await writeFile(join(folder, 'status'), '');
  const env = { ...process.env, APT_CONFIG: config, LC_ALL: 'C' };
  const apt: Suite['apt'] = (command, args) => attempt(command, args, { env });

  say(`reading the package lists of Debian ${name} (${architecture})`);
  const update = await withLock(`apt-${label}`, () => apt('apt-get', ['update', '-q']));
  const failed = failedIndexes(update);
  if (failed.length > 0 && failed.every((uri) => isOf(uri, source.security))) {
    say(`no list of ${name}'s security archive: what is only there is not found`);
  } else if (failed.length > 0 || update.code !== 0) {
    const cause = new CommandError('apt-get update', 'failed', update.stderr);
    throw new Absent(
      `the package lists of Debian ${name} cannot be read`,
      `Is the mirror reachable? apt says:\n${update.stderr.trim()}`,
      { cause },
    );
  }
  return { name, architecture, apt };
}

/** apt-get update succeeds with old lists or none: only its output shows the failure. */
function failedIndexes({ stderr }: Ran): string[] {
  return [...stderr.matchAll(/^[WE]: .*Failed to fetch (\S+)/gm)].map(([, uri = '']) => uri);
}

function isOf(uri: string, archive: string | undefined): boolean {
  return archive !== undefined && uri.startsWith(archive);
}

const opened = new Map<string, Promise<Suite>>();

/** The suite, its package lists refreshed once per process. */
export function debianSuite(name: string, architecture: string): Promise<Suite> {
  const key = `${name}-${architecture}`;
  let suite = opened.get(key);
  if (suite === undefined) opened.set(key, (suite = open(name, architecture)));
  return suite;
}

/** The architecture of this machine as Debian calls it. */
export function machineArchitecture(): string {
  const names: Partial<Record<NodeJS.Architecture, string>> = {
    x64: 'amd64',
    arm: 'armhf',
    ppc64: 'ppc64el',
  };
  return names[process.arch] ?? process.arch;
}
