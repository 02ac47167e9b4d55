/** The publisher of a kernel's debug information. */
export interface DebugServer {
  /** Name of the distribution. */
  name: string;
  /** Its debuginfod; undefined: it has none. */
  url: string | undefined;
}

interface Row extends DebugServer {
  /** Matches the kernel's release (`uname -r`). */
  release: RegExp;
}

/**
 * By the release of the kernel, not by `/etc/os-release`: in a container these are of different
 * distributions. The first matching row counts. Distributions' servers are those of
 * debuginfod.elfutils.org.
 */
const ROWS: readonly Row[] = [
  { name: 'WSL2', url: undefined, release: /-WSL2/i },
  {
    name: 'Debian',
    url: 'https://debuginfod.debian.net/',
    release: /\+deb\d+|^\d[\d.]+-\d+-(?:amd64|arm64|armmp|cloud|rt|686|s390x|powerpc)/,
  },
  {
    name: 'Ubuntu',
    url: 'https://debuginfod.ubuntu.com/',
    release: /^\d[\d.]+-\d+-(?:generic|lowlatency|aws|azure|gcp|gke|kvm|oem|oracle|raspi|realtime)/,
  },
  { name: 'Fedora', url: 'https://debuginfod.fedoraproject.org/', release: /\.fc\d+\b/ },
  { name: 'CentOS Stream', url: 'https://debuginfod.centos.org/', release: /\.el\d+/ },
  { name: 'openSUSE', url: 'https://debuginfod.opensuse.org/', release: /-(?:default|preempt)$/ },
  { name: 'Arch Linux', url: 'https://debuginfod.archlinux.org/', release: /-arch\d+/ },
  { name: 'Void Linux', url: 'https://debuginfod.s.voidlinux.org/', release: /^\d[\d.]+_\d+$/ },
  { name: 'Amazon Linux', url: undefined, release: /\.amzn\d+/ },
  { name: 'Alpine Linux', url: undefined, release: /-\d+-(?:lts|virt|rpi)$/ },
  { name: 'Firecracker', url: undefined, release: /-fc\b/ },
];

/** Undefined for a kernel of unknown origin. */
export function debugServerOf(release: string): DebugServer | undefined {
  const row = ROWS.find((one) => one.release.test(release));
  return row && { name: row.name, url: row.url };
}
