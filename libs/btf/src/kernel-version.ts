import { Kind, type KindName } from './kinds.ts';

/** The facts of a kernel release that BTF depends on. */
export interface KernelVersion {
  readonly major: number;
  readonly minor: number;
}

/** The newest kernel whose rules this library knows. */
export const LATEST_KERNEL: KernelVersion = { major: 7, minor: 2 };

/** `6.12`, `6.12.117+deb12-cloud-amd64`, … Throws RangeError for any other beginning. */
export function parseKernelVersion(release: string): KernelVersion {
  const match = /^(\d{1,4})\.(\d{1,4})(?:\D|$)/.exec(release);
  if (!match) throw new RangeError(`${release} does not start with a kernel version`);
  return { major: Number(match[1]), minor: Number(match[2]) };
}

/** Whether `kernel` is `since` (`6.0`) or newer. */
export function isSince(kernel: KernelVersion, since: string): boolean {
  const { major, minor } = parseKernelVersion(since);
  return kernel.major > major || (kernel.major === major && kernel.minor >= minor);
}

/**
 * The kernel version that introduced each kind; kernels before 5.2 have no VAR and DATASEC, and
 * count as one version.
 */
const SINCE: Partial<Record<KindName, string>> = {
  FLOAT: '5.13',
  DECL_TAG: '5.16',
  TYPE_TAG: '5.17',
  ENUM64: '6.0',
};

/** No release has the kinds of inlined-call sites yet. */
const UNRELEASED = new Set<number>([Kind.LOC_PARAM, Kind.LOC_PROTO, Kind.LOCSEC]);

const SINCE_BY_KIND = new Map(
  Object.entries(SINCE).map(([name, since]) => [Kind[name as KindName] as number, since]),
);

/** Whether a kernel accepts types of the kind. */
export function knowsKind(kernel: KernelVersion, kind: number): boolean {
  if (kind === Kind.VOID || kind > Kind.LOCSEC || UNRELEASED.has(kind)) return false;
  const since = SINCE_BY_KIND.get(kind);
  return since === undefined || isSince(kernel, since);
}

/** Largest vlen: 16 bits, since 7.2 24. */
export function maxVlen(kernel: KernelVersion): number {
  return isSince(kernel, '7.2') ? 0xffffff : 0xffff;
}

/** kflag of an ENUM marks signed values (since 6.0; earlier kernels refuse it). */
export function knowsSignedEnums(kernel: KernelVersion): boolean {
  return isSince(kernel, '6.0');
}

/** kflag of tags: an attribute of any name (since 6.15). */
export function knowsAttributes(kernel: KernelVersion): boolean {
  return isSince(kernel, '6.15');
}
