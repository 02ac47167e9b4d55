/**
 * Names of packages with a kernel's debug information: Debian's `-dbg`, which are part of the
 * archive, and Ubuntu's `-dbgsym`, which have their own archive. A name without a version is a
 * metapackage.
 */
const NAMES = [
  /^linux-image-(\d[\w.+~-]*)-dbg$/,
  /^linux-image-(?:unsigned-)?(\d[\w.+~-]*)-dbgsym$/,
];

/** The kernel's release; undefined: it is another package. */
export function releaseOfPackage(name: string): string | undefined {
  for (const pattern of NAMES) {
    const release = pattern.exec(name)?.[1];
    if (release !== undefined) return release;
  }
  return undefined;
}
