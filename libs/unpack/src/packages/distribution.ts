/**
 * The distribution of a kernel, in the form of os-release(5)'s ID. Packages and banners contain the
 * builder's own claim: it is shown to people, and grants no right. Host names and compilers are no
 * evidence, since anyone can build kernels on Debian.
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

/** The builder, in the banner's first parentheses. */
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

/** The part of UTS_VERSION after the `#`. */
const OF_VERSION: readonly (readonly [RegExp, string])[] = [
  [/-Ubuntu\b/, 'ubuntu'],
  [/\bPMX\b/, 'proxmox'],
  [/\bDebian \d/, 'debian'],
];

/** From the maintainer, vendor or distribution in a package. */
export function distributionOfPackage(says: string | undefined): string | undefined {
  return says === undefined ? undefined : find(OF_PACKAGE, says);
}

/**
 * From a kernel's banner, `Linux version RELEASE (BUILDER) (COMPILER) #VERSION`; init/version.c.
 */
export function distributionOfBanner(banner: string): string | undefined {
  const builder = /^Linux version \S+ \(([^)]*)\)/.exec(banner)?.[1];
  const byBuilder = builder === undefined ? undefined : find(OF_BUILDER, builder);
  const version = banner.slice(banner.lastIndexOf('#') + 1);
  return byBuilder ?? (banner.includes('#') ? find(OF_VERSION, version) : undefined);
}

function find(table: readonly (readonly [RegExp, string])[], text: string): string | undefined {
  return table.find(([pattern]) => pattern.test(text))?.[1];
}
