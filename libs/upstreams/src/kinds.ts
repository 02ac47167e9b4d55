import type { Upstream } from '@btf-depot/depot';
import type { UpstreamLimits } from './limits.ts';
import { debuginfod } from './sources/debuginfod/index.ts';
import { depot } from './sources/depot/index.ts';

/** What every source is opened with. */
export interface SourceOptions {
  limits: UpstreamLimits;
}

/** A kind of upstream. */
export interface SourceKind {
  /** What follows the kind in the setting. */
  at: 'url' | 'path';
  /** `name` as principals have it. */
  open(at: string, name: string, options: SourceOptions): Upstream;
}

/** The kinds of upstreams: to add one, a folder in sources and its line here. */
export const SOURCE_KINDS = { debuginfod, depot } satisfies Record<string, SourceKind>;

export type SourceKindName = keyof typeof SOURCE_KINDS;
