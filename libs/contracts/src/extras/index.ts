import { inlines } from './inlines.ts';
import type { ExtraSpec } from './shapes.ts';
import { vars } from './vars.ts';

const define = <const Table extends Readonly<Record<string, ExtraSpec>>>(table: Table) => table;

/**
 * The extras that a depot can split off a kernel's BTF, in the order of artifacts in manifests; a
 * server or an upload may name fewer.
 */
export const EXTRAS = define({ vars, inlines });

export type ExtraName = keyof typeof EXTRAS;

export const EXTRA_NAMES = Object.keys(EXTRAS) as ExtraName[];

export function isExtraName(name: string): name is ExtraName {
  return Object.hasOwn(EXTRAS, name);
}
