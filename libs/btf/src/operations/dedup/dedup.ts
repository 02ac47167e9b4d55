import type { Btf } from '../../wire/btf.ts';
import { BtfBuilder } from '../../wire/builder.ts';
import { CanonicalTypes } from './canonical-types.ts';
import { FlatTypes } from './flat-types.ts';
import {
  keepPlaces,
  settleComposites,
  settleEnums,
  settleForwards,
  settlePlainTypes,
  settleReferences,
} from './passes.ts';

export interface DedupOptions {
  /**
   * Most pairs of types that are compared; a kernel twice takes two million, all its modules
   * twelve.
   */
  readonly steps?: number;
}

export const DEDUP_DEFAULTS = { steps: 100_000_000 } as const;

/**
 * The same BTF with each type once, as libbpf's btf__dedup makes it. Of equal composites, cycles
 * included, the first stays; then of other equal types the first. A FWD becomes the composite at
 * its place in an equal graph, else the only one of its name; an enum without values becomes one of
 * its name. Types keep their order. Split BTF loses the types of its base, which stays as it is.
 * Variables, sections and unknown kinds stay, except for the ids that they refer to. Throws
 * FormatError `btf-limit`.
 */
export function dedupBtf(btf: Btf, options: DedupOptions = {}): Uint8Array<ArrayBuffer> {
  const { steps } = { ...DEDUP_DEFAULTS, ...options };
  const all = new CanonicalTypes(new FlatTypes(btf), steps);
  keepPlaces(all);
  settlePlainTypes(all);
  settleEnums(all);
  settleComposites(all);
  settleForwards(all);
  settleReferences(all);

  const newIds = Uint32Array.from({ length: btf.endId }, (_, id) => id);
  let next = btf.firstId;
  for (let id = btf.firstId; id < btf.endId; id++) if (all.isCanonical(id)) newIds[id] = next++;
  const builder = new BtfBuilder({
    endian: btf.endian,
    headerLength: btf.header.length,
    base: btf.base,
    layouts: btf.layouts.length > 0 ? btf.layouts : undefined,
  });
  for (let id = btf.firstId; id < btf.endId; id++) {
    if (all.isCanonical(id)) builder.copy(btf, id, (target) => newIds[all.resolve(target)]);
  }
  return builder.finish();
}
