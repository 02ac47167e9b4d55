/** A known archive of a distribution's kernels. */
export interface KnownArchive {
  url: string;
  /** For a Debian archive; an RPM repository has none. */
  suites?: readonly string[] | undefined;
}

const debian = (codename: string): KnownArchive[] => [
  {
    url: 'https://deb.debian.org/debian',
    suites: [codename, `${codename}-updates`, `${codename}-backports`],
  },
  { url: 'https://security.debian.org/debian-security', suites: [`${codename}-security`] },
];

/**
 * Archives by the form of a release. The release is the kernel's own: /etc/os-release is the
 * container's. To add a distribution: a line here.
 */
const KNOWN: readonly (readonly [
  RegExp,
  (match: RegExpExecArray, arch: string) => KnownArchive[],
])[] = [
  [/\+deb13\b|^6\.12\.\d+-(amd64|arm64|armmp)/, () => debian('trixie')],
  [/\+deb12\b|^6\.1\.0-\d+-/, () => debian('bookworm')],
  [/\+deb11\b|^5\.10\.0-\d+-/, () => debian('bullseye')],
  [
    /\.fc(\d+)\./,
    ([, version = ''], arch) =>
      ['updates', 'releases'].map((kind) => ({
        url: `https://dl.fedoraproject.org/pub/fedora/linux/${kind}/${version}/Everything/${arch}/debug/tree/`,
      })),
  ],
];

/** @returns none if no archive is known. */
export function knownArchives(release: string, arch: string): KnownArchive[] {
  for (const [pattern, archives] of KNOWN) {
    const match = pattern.exec(release);
    if (match) return archives(match, arch);
  }
  return [];
}
