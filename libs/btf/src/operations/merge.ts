import { FormatError } from '@btf-depot/bytes';
import { LAST_KIND } from '../kinds.ts';
import type { Btf } from '../wire/btf.ts';
import { BtfBuilder } from '../wire/builder.ts';
import type { KindLayout } from '../wire/layout.ts';

/**
 * One standalone BTF of any number of BTFs and all of their bases, each base once: a core with its
 * extras, a module with its vmlinux. Types keep their order, base first. Ids stay as they are up to
 * the first part that is split from something else. Nothing is deduplicated. Throws FormatError
 * `btf-base` if the parts do not share the lowest base or its byte order, `btf-layout` if their
 * layouts of a kind differ.
 */
export function mergeBtf(...parts: readonly Btf[]): Uint8Array<ArrayBuffer> {
  const levels = levelsOf(parts);
  const [lowest, ...rest] = levels;
  for (const level of rest) {
    if (level.base === undefined) {
      throw new FormatError('btf-base', 'only one part may be standalone', {
        section: level.section,
      });
    }
  }
  // Levels that stand on each other have consecutive ids and strings: they are copied unchanged. A
  // core and one extra need nothing else.
  const chain = [lowest];
  while (chain.length < levels.length && levels[chain.length].base === chain[chain.length - 1]) {
    chain.push(levels[chain.length]);
  }
  const layouts = layoutsOf(levels);
  const builder = new BtfBuilder({
    endian: lowest.endian,
    strings: concat(chain.map(({ strings }) => strings)),
    layouts: layouts.length > 0 ? layouts : undefined,
  });
  for (const level of chain) builder.addAll(level);
  const starts = new Map(chain.map((level) => [level, level.firstId]));
  for (const level of levels.slice(chain.length)) {
    starts.set(level, builder.nextId);
    const map = (id: number): number => {
      if (id === 0) return 0;
      const owner = level.owner(id);
      return id - owner.firstId + (starts.get(owner) ?? owner.firstId);
    };
    for (let id = level.firstId; id < level.endId; id++) builder.copy(level, id, map);
  }
  return builder.finish();
}

/**
 * Each level once, bases before the levels split from them, otherwise in the order of the parts.
 */
function levelsOf(parts: readonly Btf[]): Btf[] {
  const levels = new Set<Btf>();
  const add = (btf: Btf): void => {
    if (btf.base) add(btf.base);
    levels.add(btf);
  };
  parts.forEach(add);
  if (levels.size === 0) throw new RangeError('nothing to merge');
  return [...levels];
}

/** The layout of the level that knows most kinds. Throws FormatError if another disagrees. */
function layoutsOf(levels: readonly Btf[]): readonly KindLayout[] {
  const [most] = levels
    .map(({ layouts }) => layouts)
    .sort((one, other) => other.length - one.length);
  for (const { layouts, section } of levels) {
    layouts.forEach(({ infoBytes, elementBytes }, kind) => {
      const same = infoBytes === most[kind].infoBytes && elementBytes === most[kind].elementBytes;
      if (same || kind <= LAST_KIND) return;
      throw new FormatError('btf-layout', `another layout of kind ${kind}`, { section });
    });
  }
  return most;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
