import { FormatError } from '@btf-depot/bytes';
import { infoKind, Kind, kindName, packInfo } from '../kinds.ts';
import {
  isSince,
  knowsAttributes,
  knowsKind,
  knowsSignedEnums,
  maxVlen,
  type KernelVersion,
} from '../kernel-version.ts';
import { checkMade } from '../verify/check-made.ts';
import type { Btf } from '../wire/btf.ts';
import { BtfBuilder } from '../wire/builder.ts';

/**
 * The own types, reduced to what a kernel of that version accepts, on the same base. As pahole and
 * libbpf do it: ENUM64 becomes an 8-byte ENUM with the low halves of its values, FLOAT an empty
 * STRUCT of its size. TYPE_TAG is replaced by its target. DECL_TAG, attributes (kflag of tags), the
 * sign of enums and the layout section are left out.
 *
 * Throws FormatError `btf-kernel`, with the type, if there is no counterpart: more elements than 16
 * bits count, inlined-call sites, unknown kinds; `btf-refused` for anything else that the kernel
 * would refuse.
 */
export function lowerBtf(btf: Btf, kernel: KernelVersion): Uint8Array<ArrayBuffer> {
  const plan = planIds(btf, kernel);
  const builder = new BtfBuilder({
    endian: btf.endian,
    base: btf.base,
    layouts: btf.layouts.length > 0 && isSince(kernel, '7.1') ? btf.layouts : undefined,
  });
  for (let id = btf.firstId; id < btf.endId; id++) {
    if (plan.isKept(id)) lowerType(builder, btf, id, kernel, plan.map);
  }
  return checkMade('lowered', builder.finish(), { kernel, base: btf.base });
}

function planIds(btf: Btf, kernel: KernelVersion) {
  const { firstId } = btf;
  const newIds = new Uint32Array(btf.typeCount);
  let next = firstId;
  for (let id = firstId; id < btf.endId; id++) {
    refuse(btf, id, kernel);
    if (!isDropped(btf, id, kernel)) newIds[id - firstId] = next++;
  }
  // Dropped tags are replaced by their target. Each chain is followed once, and all of it then
  // leads there.
  const instead = new Map<number, number>();
  const map = (id: number): number => {
    const chain: number[] = [];
    while (id >= firstId && newIds[id - firstId] === 0) {
      if (chain.length > btf.typeCount) throw unfit(btf, id, 'type tags form a cycle');
      chain.push(id);
      id = instead.get(id) ?? btf.sizeOrType(id);
    }
    for (const link of chain) instead.set(link, id);
    return id < firstId ? id : newIds[id - firstId];
  };
  return { map, isKept: (id: number) => newIds[id - firstId] !== 0 };
}

function isDropped(btf: Btf, id: number, kernel: KernelVersion): boolean {
  const kind = btf.kind(id);
  if (kind !== Kind.DECL_TAG && kind !== Kind.TYPE_TAG) return false;
  return !knowsKind(kernel, kind) || (btf.kflag(id) && !knowsAttributes(kernel));
}

function refuse(btf: Btf, id: number, kernel: KernelVersion): void {
  const kind = btf.kind(id);
  const replaced =
    kind === Kind.ENUM64 || kind === Kind.FLOAT || kind === Kind.DECL_TAG || kind === Kind.TYPE_TAG;
  const release = `Linux ${kernel.major}.${kernel.minor}`;
  if (!replaced && !knowsKind(kernel, kind)) {
    throw unfit(btf, id, `${release} does not know ${kindName(kind)}`);
  }
  if (btf.vlen(id) > maxVlen(kernel)) {
    throw unfit(btf, id, `${release} takes ${maxVlen(kernel)} elements, not ${btf.vlen(id)}`);
  }
}

function lowerType(
  builder: BtfBuilder,
  btf: Btf,
  id: number,
  kernel: KernelVersion,
  map: (id: number) => number,
): void {
  const info = btf.info(id);
  const kind = infoKind(info);
  const vlen = btf.vlen(id);
  const name = (): number => builder.stringFrom(btf, btf.nameOffset(id));
  if (!knowsKind(kernel, kind) && kind === Kind.FLOAT) {
    builder.add({ kind: Kind.STRUCT, name: name(), sizeOrType: btf.sizeOrType(id) });
    return;
  }
  const isWide = kind === Kind.ENUM64;
  const losesSign = kind === Kind.ENUM && btf.kflag(id) && !knowsSignedEnums(kernel);
  if ((isWide && !knowsKind(kernel, kind)) || losesSign) {
    const nameOffset = name();
    const stride = isWide ? 3 : 2;
    const tail = Array.from({ length: vlen * 2 }, (_, i) => {
      const word = btf.tail(id, (i >> 1) * stride + (i & 1));
      return (i & 1) === 0 ? builder.stringFrom(btf, word) : word;
    });
    builder.addRaw(nameOffset, packInfo(Kind.ENUM, vlen, false), btf.sizeOrType(id), tail);
    return;
  }
  builder.copy(btf, id, map);
}

function unfit(btf: Btf, id: number, message: string): FormatError {
  const offset = btf.byteOffset(id);
  const type = `[${id}] ${kindName(btf.kind(id))} ${btf.name(id) || '(anon)'}`;
  return new FormatError('btf-kernel', `${type}: ${message}`, { section: btf.section, offset });
}
