import { FILE_ENDINGS } from '@btf-depot/codec';
import { FORMATS } from './formats/index.ts';

export type WantedKind = 'kernel' | 'btf' | 'module' | 'system-map' | 'package';

/** An expression for the ending of a compressed file. */
const PACKED = `(\\.(${Object.values(FILE_ENDINGS).join('|')}))?$`;

/** Names of builds, distributions and boot loaders: vmlinuz-6.12, kernel8.img, linux.uml. */
const KERNEL = /^((vmlinu[xz]|bzImage|zImage|Image|uImage|fitImage)([-._].*)?|linux(\.uml)?)$/;
const KERNEL_FILE = new RegExp(`^kernel(\\d+l?|_\\w+)?(\\.(img|bin|elf))?${PACKED}`);
/** Names of image builds: openwrt-x86-64-vmlinux.elf, …-kernel.bin. */
const KERNEL_OF = new RegExp(
  `[-_](vmlinux|vmlinuz|[buz]?Image|fitImage|kernel)(\\.(bin|elf|itb))?${PACKED}`,
);
/** Files beside a kernel with its name: scripts, headers, checksums, signatures. */
const NOT_KERNEL = /\.(py|h|hmac|sha256|sha512|sig|asc|p7s|json|txt|map|o|a|symvers|config)$/;
const MODULE = new RegExp(`\\.ko${PACKED}`);
const SYSTEM_MAP = /^System\.map([-.].*)?$/;
/** Bare BTF, as in archives of BTF; sometimes compressed. */
const BTF = new RegExp(`\\.btf${PACKED}`);

/** Instead of the map, Debian has 83 bytes that name the package with it. */
export const SMALLEST_MAP = 1024;

/**
 * Which of an archive's files are worth unpacking, by name. Modules below `usr/lib/debug` contain
 * only debug information, and none of what identifies a module.
 */
export function wantedKind(name: string): WantedKind | undefined {
  const parts = name.split('/');
  if (parts.includes('..')) return undefined;
  const last = parts.at(-1) ?? '';
  if (SYSTEM_MAP.test(last)) return 'system-map';
  if (MODULE.test(last)) return 'module';
  if (FORMATS.some(({ fileName }) => fileName?.test(last))) return 'package';
  if (BTF.test(last)) return 'btf';
  const isKernel = KERNEL.test(last) || KERNEL_FILE.test(last) || KERNEL_OF.test(last);
  return isKernel && !NOT_KERNEL.test(last) ? 'kernel' : undefined;
}

export function isDebug(name: string): boolean {
  return name.includes('usr/lib/debug/');
}

/**
 * The release of a module, map or kernel, by its folder or name: `lib/modules/REL/…`,
 * `System.map-REL`, `vmlinuz-REL`.
 */
export function releaseInName(name: string): string | undefined {
  const folder = /(?:^|\/)lib\/modules\/([^/]+)\//.exec(name)?.[1];
  return folder ?? /(?:^|\/)(?:System\.map|vmlinu[xz])-([^/]+)$/.exec(name)?.[1];
}
