import type { Upstream } from '@btf-depot/depot';
import type { UpstreamLimits } from './limits.ts';
import type { ArchiveReading, Unpacked } from './archive/reading.ts';
import type { Trust } from './archive/signatures.ts';
import { debuginfod } from './sources/debuginfod/index.ts';
import { depot } from './sources/depot/index.ts';
import { files } from './sources/files/index.ts';
import { packages } from './sources/packages/index.ts';

/** Options for opening a source. */
export interface SourceOptions {
  limits: UpstreamLimits;
  /** Keys that are trusted for archives. */
  trust: Trust;
  unpacked: Unpacked;
  rpmSignature: ArchiveReading['rpmSignature'];
  /** Build IDs of the kernels in a file of this machine; none if it is no kernel and no package. */
  look: (path: string) => Promise<readonly string[]>;
}

/** A kind of upstream. */
export interface SourceKind {
  /** The word after the kind in the setting. */
  at: 'url' | 'path';
  /** Name of its principal; by default its host, or its path. */
  nameOf?: ((url: URL) => string) | undefined;
  /** `name` as in principals. */
  open(at: string, name: string, options: SourceOptions): Upstream;
}

/** The kinds of upstreams: to add one, a folder in sources and its line here. */
export const SOURCE_KINDS = { debuginfod, depot, packages, files } satisfies Record<
  string,
  SourceKind
>;

export type SourceKindName = keyof typeof SOURCE_KINDS;
