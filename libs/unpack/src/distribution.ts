/**
 * The distribution that a kernel is of, as os-release(5) names it in ID. What packages and banners
 * say is the builder's own word: it is for people, and no right rests on it. Host names and
 * compilers are no evidence, for anyone builds kernels on Debian.
 */
const OF_PACKAGE: readonly (readonly [RegExp, string])[] = [
  [/@(lists\.)?ubuntu\.com\b|@(\w+\.)*canonical\.com\b/i, 'ubuntu'],
  [/@(lists\.|tracker\.)?debian\.org\b/i, 'debian'],
  [/@kali\.org\b/i, 'kali'],
  [/@proxmox\.com\b/i, 'proxmox'],
  [/@raspberrypi\.(com|org)\b/i, 'raspbian'],
  [/@alpinelinux\.org\b/i, 'alpine'],
  [/@archlinux\.org\b/i, 'arch'],
  [/\bFedora Project\b/i, 'fedora'],
  [/\bCentOS\b/i, 'centos'],
  [/\bRocky\b/i, 'rocky'],
  [/\bAlmaLinux\b/i, 'almalinux'],
  [/\bOracle America\b/i, 'ol'],
  [/\bAmazon\b/i, 'amzn'],
  [/\bopenSUSE\b/i, 'opensuse'],
  [/\bSUSE\b/i, 'sles'],
  [/\bopenEuler\b/i, 'openEuler'],
  [/\bRed Hat\b/i, 'rhel'],
];

/** Who built it, in the banner's first parentheses. */
const OF_BUILDER: readonly (readonly [RegExp, string])[] = [
  [/^debian-kernel@lists\.debian\.org$/, 'debian'],
  [/^mockbuild@.*\.fedoraproject\.org$/, 'fedora'],
  [/^mockbuild@.*\.centos\.org$/, 'centos'],
  [/^mockbuild@.*\.redhat\.com$/, 'rhel'],
  [/^mockbuild@.*\.rockylinux\.org$/, 'rocky'],
  [/^mockbuild@.*\.almalinux\.org$/, 'almalinux'],
  [/^linux@archlinux$/, 'arch'],
  [/^buildozer@/, 'alpine'],
];

/** Of UTS_VERSION, behind the `#`. */
const OF_VERSION: readonly (readonly [RegExp, string])[] = [
  [/-Ubuntu\b/, 'ubuntu'],
  [/\bPMX\b/, 'proxmox'],
  [/\bDebian \d/, 'debian'],
];

/** By what a package says of its maintainer, vendor or distribution. */
export function distributionOfPackage(says: string | undefined): string | undefined {
  return says === undefined ? undefined : find(OF_PACKAGE, says);
}

/** By a kernel's banner, `Linux version RELEASE (BUILDER) (COMPILER) #VERSION`; init/version.c. */
export function distributionOfBanner(banner: string): string | undefined {
  const builder = /^Linux version \S+ \(([^)]*)\)/.exec(banner)?.[1];
  const byBuilder = builder === undefined ? undefined : find(OF_BUILDER, builder);
  const version = banner.slice(banner.lastIndexOf('#') + 1);
  return byBuilder ?? (banner.includes('#') ? find(OF_VERSION, version) : undefined);
}

function find(table: readonly (readonly [RegExp, string])[], text: string): string | undefined {
  return table.find(([pattern]) => pattern.test(text))?.[1];
}
