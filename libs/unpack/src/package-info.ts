/** What a package says of itself; every field is printable ASCII. */
export interface PackageInfo {
  readonly format: 'deb' | 'rpm';
  readonly name: string;
  readonly version: string;
  readonly architecture?: string;
}

/** @returns undefined where name or version are not what packages are called. */
export function packageInfo(
  format: PackageInfo['format'],
  name: string | undefined,
  version: string | undefined,
  architecture: string | undefined,
): PackageInfo | undefined {
  if (!isWord(name) || !isWord(version)) return undefined;
  return { format, name, version, ...(isWord(architecture) && { architecture }) };
}

function isWord(text: string | undefined): text is string {
  return text !== undefined && /^[\x21-\x7e]{1,256}$/.test(text);
}
