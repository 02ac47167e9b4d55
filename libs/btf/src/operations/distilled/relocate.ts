import { FormatError } from '@btf-depot/bytes';
import type { Btf } from '../../wire/btf.ts';
import { BtfBuilder } from '../../wire/builder.ts';
import { eachIdSlot, eachNameSlot } from '../../wire/references.ts';
import { mapDistilled, type DistilledMap, type Unrelocated } from './map-distilled.ts';

/**
 * Moves split BTF from a distilled base (`.BTF.base` of a module, Linux 6.11) to a kernel's whole
 * BTF, as a kernel does when it loads the module, and libbpf's btf__relocate.
 *
 * @param split parsed on its distilled base.
 * @throws FormatError `btf-base` if either base is split itself or of another byte order,
 *   `btf-relocate` with everything that `unrelocated` lists.
 */
export function relocateBtf(split: Btf, base: Btf): Uint8Array<ArrayBuffer> {
  const distilled = distilledBaseOf(split, base);
  const map = mapDistilled(split, distilled, base);
  const faults = map.faults.map(describe);
  if (map.faults.length === 0) faults.push(...strayStrings(split, distilled, map));
  if (faults.length > 0) {
    const message = `not all of the distilled base relocates:\n${faults.join('\n')}`;
    throw new FormatError('btf-relocate', message, { section: split.section });
  }
  return rewrite(split, base, map);
}

/** All types of the distilled base without a counterpart in `base`; empty if it relocates. */
export function unrelocated(split: Btf, base: Btf): readonly Unrelocated[] {
  return mapDistilled(split, distilledBaseOf(split, base), base).faults;
}

/** Why a type does not relocate: `no type of this name with 760 bytes`. */
export function formatUnrelocated({ why, size, candidates }: Unrelocated): string {
  switch (why) {
    case 'not-distilled':
      return 'no distilled base has such a type';
    case 'missing':
      return `no type of this name${size === undefined ? '' : ` with ${size} bytes`}`;
    case 'ambiguous':
      return `types ${(candidates ?? []).join(' and ')} both fit`;
  }
}

function describe(one: Unrelocated): string {
  return `[${one.id}] ${one.kind} ${one.name || '(anon)'}: ${formatUnrelocated(one)}`;
}

function distilledBaseOf(split: Btf, base: Btf): Btf {
  const { section, base: distilled } = split;
  const refuse = (message: string) => new FormatError('btf-base', message, { section });
  if (!distilled) throw refuse('it is not split BTF, so there is nothing to relocate');
  if (distilled.base) throw refuse('its distilled base is split BTF itself');
  if (base.base) throw refuse('the base to relocate to is split BTF itself');
  if (base.endian !== split.endian) {
    throw refuse(`${split.endian} endian, the base to relocate to is ${base.endian} endian`);
  }
  return distilled;
}

/**
 * Names of members and values that are stored in the distilled base's strings, and that no type
 * there has.
 */
function strayStrings(split: Btf, distilled: Btf, { strings }: DistilledMap): string[] {
  const stray = new Set<number>();
  for (const at of split.positions) {
    eachNameSlot(split.words, at, (slot) => {
      const offset = split.words[slot];
      if (offset !== 0 && offset < distilled.stringEnd && strings[offset] === 0) stray.add(offset);
    });
  }
  return [...stray].map((offset) => `name "${split.string(offset)}" at ${offset}: no type has it`);
}

function rewrite(split: Btf, base: Btf, { ids, strings }: DistilledMap): Uint8Array<ArrayBuffer> {
  const { positions, firstId, stringStart, layouts } = split;
  const builder = new BtfBuilder({
    base,
    strings: split.strings,
    layouts: layouts.length > 0 ? layouts : undefined,
  });
  const idShift = base.endId - firstId;
  const stringShift = base.stringEnd - stringStart;
  const words = split.words.slice();
  const mapString = (at: number) => (at < stringStart ? strings[at] : at + stringShift);
  const mapId = (id: number) => (id < firstId ? ids[id] : id + idShift);
  for (const [own, at] of positions.entries()) {
    eachNameSlot(words, at, (slot) => (words[slot] = mapString(words[slot])));
    eachIdSlot(words, at, (slot) => (words[slot] = mapId(words[slot])));
    const tail = words.subarray(at + 3, positions.at(own + 1) ?? words.length);
    builder.addRaw(words[at], words[at + 1], words[at + 2], tail);
  }
  return builder.finish();
}
