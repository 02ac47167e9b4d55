export type WantedKind = 'kernel' | 'btf' | 'module' | 'system-map' | 'package';

const KERNEL = /^(vmlinu[xz]|bzImage|zImage|Image|uImage)([-.].*)?$/;
/** Beside a kernel, named after it: scripts, headers, checksums, signatures. */
const NOT_KERNEL = /\.(py|h|hmac|sha256|sha512|sig|asc|p7s|json|txt|map|o|a|symvers|config|debug)$/;
const MODULE = /\.ko(\.(gz|xz|zst))?$/;
const SYSTEM_MAP = /^System\.map([-.].*)?$/;
/** BTF by itself, as archives of BTF have it; compressed once more in some. */
const BTF = /\.btf(\.(gz|xz|zst))?$/;
const PACKAGE = /\.(deb|rpm)$/;

/** Debian puts 83 bytes where the map would be, which say in what package it is. */
const SMALLEST_MAP = 1024;

/**
 * Which of an archive's files are worth unpacking, by their names alone. Modules below
 * `usr/lib/debug` have the debug information of modules and nothing of what a module says.
 */
export function wantedKind(name: string, size: number): WantedKind | undefined {
  const parts = name.split('/');
  if (parts.includes('..')) return undefined;
  const last = parts.at(-1) ?? '';
  if (SYSTEM_MAP.test(last)) return size >= SMALLEST_MAP ? 'system-map' : undefined;
  if (MODULE.test(last)) return isDebug(name) ? undefined : 'module';
  if (KERNEL.test(last) && !NOT_KERNEL.test(last)) return 'kernel';
  if (BTF.test(last)) return 'btf';
  return PACKAGE.test(last) ? 'package' : undefined;
}

export function isDebug(name: string): boolean {
  return name.includes('usr/lib/debug/');
}
