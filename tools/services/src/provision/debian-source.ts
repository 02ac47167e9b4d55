import { readFile } from 'node:fs/promises';
import { Absent } from './absent.ts';
import { attempt } from './command.ts';

/** This system's mirrors of Debian. They serve other suites, too. */
export interface DebianSource {
  readonly archive: string;
  readonly security: string | undefined;
}

/** The keyring of Debian's package debian-archive-keyring: it signs all suites that are served. */
export const debianKeyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

const how =
  'Debian packages are fetched with apt, from the mirror that /etc/apt names: use a Debian system.';

/** Reads the stanzas that `apt-get indextargets` prints. */
export function parseIndexTargets(listing: string, codename: string): DebianSource | undefined {
  const targets = listing.split('\n\n').map((stanza) => {
    const field = (name: string) =>
      stanza
        .split('\n')
        .find((line) => line.startsWith(`${name}: `))
        ?.slice(name.length + 2);
    return { release: field('Release'), uri: field('Repo-URI'), component: field('Component') };
  });
  const uriOf = (release: string) =>
    targets.find(
      (target) =>
        target.component === 'main' &&
        target.release === release &&
        target.uri?.startsWith('cdrom:') === false,
    )?.uri;
  const names = [codename, 'stable', 'oldstable', 'testing', 'unstable'];
  const archive = names.map(uriOf).find((uri) => uri !== undefined);
  if (archive === undefined) return undefined;
  const security = names.map((name) => uriOf(`${name}-security`)).find((uri) => uri !== undefined);
  return { archive, security };
}

export async function debianSource(): Promise<DebianSource> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const codename = /^VERSION_CODENAME="?([a-z]+)"?$/m.exec(release)?.[1];
  if (!/^ID="?debian"?$/m.test(release) || codename === undefined) {
    throw new Absent('this system is not Debian', how);
  }
  const targets = await attempt('apt-get', ['indextargets', 'Created-By: Packages']);
  const source = targets.code === 0 ? parseIndexTargets(targets.stdout, codename) : undefined;
  if (source === undefined) throw new Absent('apt names no mirror of Debian here', how);
  return source;
}
