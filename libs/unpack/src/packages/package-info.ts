import { distributionOfPackage } from './distribution.ts';

/** A package's own description; every field is printable ASCII. */
export interface PackageInfo {
  /** Name of the format: `deb`, `rpm`, … */
  readonly format: string;
  readonly name: string;
  readonly version: string;
  readonly architecture?: string | undefined;
  /** From its maintainer or vendor, in the form of os-release(5)'s ID. */
  readonly distribution?: string | undefined;
}

/** @returns undefined if name or version are invalid for packages. */
export function packageInfo(
  format: string,
  name: string | undefined,
  version: string | undefined,
  architecture: string | undefined,
  says?: string,
): PackageInfo | undefined {
  if (!isWord(name) || !isWord(version)) return undefined;
  const distribution = distributionOfPackage(says);
  const known = isWord(architecture) ? architecture : undefined;
  return { format, name, version, architecture: known, distribution };
}

function isWord(text: string | undefined): text is string {
  return text !== undefined && /^[\x21-\x7e]{1,256}$/.test(text);
}

/** The fields of a `control` file, deb-control(5), that identify the package. */
export function readControl(format: string, text: string): PackageInfo | undefined {
  const field = (name: string) => new RegExp(`^${name}: *(\\S+) *$`, 'm').exec(text)?.[1];
  const who = /^Maintainer: *(.{1,256})$/m.exec(text)?.[1];
  return packageInfo(format, field('Package'), field('Version'), field('Architecture'), who);
}

/** The same for a `.PKGINFO` of apk and pacman: lines of `key = value`. */
export function readPkgInfo(format: string, text: string): PackageInfo | undefined {
  const field = (name: string) => new RegExp(`^${name} *= *(\\S+) *$`, 'm').exec(text)?.[1];
  const who = /^(?:maintainer|packager) *= *(.{1,256})$/m.exec(text)?.[1];
  return packageInfo(format, field('pkgname'), field('pkgver'), field('arch'), who);
}
