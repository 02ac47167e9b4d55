import { FormatError } from '@btf-depot/bytes';
import { Kind, kindName } from '../../kinds.ts';
import type { Btf } from '../../wire/btf.ts';
import { BtfBuilder } from '../../wire/builder.ts';
import { eachReference } from '../../wire/references.ts';

/** The parts of a module that another build of its kernel can load. */
export interface Distilled {
  /** Section `.BTF.base`: names and sizes of types. */
  readonly base: Uint8Array<ArrayBuffer>;
  /** Section `.BTF`, split from that. */
  readonly split: Uint8Array<ArrayBuffer>;
}

/**
 * Distills the base of split BTF, as libbpf's btf__distill_base does. Named structs, unions and
 * enums that the split types reach become the base, without members; integers, floats and forwards
 * are copied there; pointers, typedefs, arrays and unnamed types follow the split types. Types keep
 * their order.
 *
 * @throws FormatError `btf-base` for BTF that is not split, or whose base is; `btf-distill` if the
 *   split types refer to functions, variables or tags of the base.
 */
export function distillBtf(split: Btf): Distilled {
  const { base, firstId, endian, section } = split;
  if (!base || base.base) {
    const message = base ? 'its base is split BTF itself' : 'it is not split BTF';
    throw new FormatError('btf-base', message, { section });
  }
  const needed = neededOf(split, base);
  const newIds = new Uint32Array(firstId);
  const below = new BtfBuilder({ endian });
  for (let id = 1; id < firstId; id++) {
    if (needed[id] === 1 && standsInBase(base, id)) newIds[id] = addDistilled(below, base, id);
  }
  const distilled = below.toBtf('.BTF.base');
  const above = new BtfBuilder({ base: distilled });
  let next = distilled.endId + split.typeCount;
  for (let id = 1; id < firstId; id++) {
    if (needed[id] === 1 && newIds[id] === 0) newIds[id] = next++;
  }
  const shift = firstId - distilled.endId;
  const map = (id: number): number => (id < firstId ? newIds[id] : id - shift);
  for (let id = firstId; id < split.endId; id++) above.copy(split, id, map);
  for (let id = 1; id < firstId; id++) {
    if (newIds[id] >= distilled.endId) above.copy(base, id, map);
  }
  return { base: distilled.bytes as Uint8Array<ArrayBuffer>, split: above.finish() };
}

/**
 * 1 for each type of the base that the split types reach; the walk does not enter named composites.
 */
function neededOf(split: Btf, base: Btf): Uint8Array {
  const needed = new Uint8Array(split.firstId);
  const stack: number[] = [];
  const need = (id: number): void => {
    if (id === 0 || id >= split.firstId || needed[id] === 1) return;
    const kind = base.kind(id);
    if (!isDistillable(kind)) {
      const type = `[${id}] ${kindName(kind)} ${base.name(id) || '(anon)'}`;
      const message = `it refers to ${type} of its base, which no distilled base can hold`;
      throw new FormatError('btf-distill', message, { section: split.section });
    }
    needed[id] = 1;
    if (!isNamedComposite(base, id)) stack.push(id);
  };
  for (let id = split.firstId; id < split.endId; id++) eachReference(split, id, need);
  for (let id = stack.pop(); id !== undefined; id = stack.pop()) eachReference(base, id, need);
  return needed;
}

function isDistillable(kind: number): boolean {
  const isTied =
    kind === Kind.FUNC || kind === Kind.VAR || kind === Kind.DATASEC || kind === Kind.DECL_TAG;
  return !isTied && kind <= Kind.ENUM64;
}

function isNamedComposite(base: Btf, id: number): boolean {
  const kind = base.kind(id);
  return (kind === Kind.STRUCT || kind === Kind.UNION) && base.nameOffset(id) !== 0;
}

function standsInBase(base: Btf, id: number): boolean {
  const kind = base.kind(id);
  const isEnum = kind === Kind.ENUM || kind === Kind.ENUM64;
  if (kind === Kind.INT || kind === Kind.FLOAT || kind === Kind.FWD) return true;
  return isNamedComposite(base, id) || (isEnum && base.nameOffset(id) !== 0);
}

function addDistilled(below: BtfBuilder, base: Btf, id: number): number {
  const kind = base.kind(id);
  const isCopied = kind === Kind.INT || kind === Kind.FLOAT || kind === Kind.FWD;
  if (isCopied) return below.copy(base, id, (to) => to);
  return below.add({
    kind: kind === Kind.ENUM64 ? Kind.ENUM : kind,
    name: below.stringFrom(base, base.nameOffset(id)),
    sizeOrType: base.sizeOrType(id),
  });
}
