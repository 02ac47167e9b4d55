import { infoKind, Kind, kindName } from '../kinds.ts';
import type { Btf } from '../wire/btf.ts';
import { encodingLabel, enum64Value, isPlainReference, linkageLabel } from './labels.ts';

/** Types per piece of text. */
const BATCH = 4096;

/**
 * The own types as `bpftool -j btf dump file F` prints them: one object
 * `{"types":[{"id":1,"kind":"INT",…},…]}` and a line end, as UTF-8. Names are byte strings;
 * non-ASCII bytes are read as Latin-1. Two oddities of bpftool are kept for readers of its output:
 * `(anon)` for no name, and values of unsigned enums of 4 bytes above 2³¹ extended to 64 bits.
 * Yields pieces of text, so that a large BTF needs no large string.
 */
export function* dumpJson(btf: Btf): Generator<string> {
  let text = '{"types":[';
  for (let id = btf.firstId; id < btf.endId; id++) {
    if (id > btf.firstId) text += ',';
    text += typeJson(btf, id);
    if (id % BATCH === 0) {
      yield text;
      text = '';
    }
  }
  yield `${text}]}\n`;
}

/** One type as a JSON object. */
export function typeJson(btf: Btf, id: number): string {
  const kind = infoKind(btf.info(id));
  const head = `{"id":${id},"kind":"${kindName(kind)}","name":${nameJson(btf, btf.nameOffset(id))}`;
  return `${head}${bodyJson(btf, id, kind)}}`;
}

function bodyJson(btf: Btf, id: number, kind: number): string {
  const vlen = btf.vlen(id);
  const kflag = btf.kflag(id);
  const third = btf.sizeOrType(id);
  if (isPlainReference(kind)) return `,"type_id":${third}`;
  switch (kind) {
    case Kind.INT: {
      const data = btf.tail(id, 0);
      const bits = `"bits_offset":${(data >>> 16) & 0xff},"nr_bits":${data & 0xff}`;
      return `,"size":${third},${bits},"encoding":"${encodingLabel((data >>> 24) & 0xf)}"`;
    }
    case Kind.FLOAT:
      return `,"size":${third}`;
    case Kind.ARRAY: {
      const [element, index, count] = [0, 1, 2].map((word) => btf.tail(id, word));
      return `,"type_id":${element},"index_type_id":${index},"nr_elems":${count}`;
    }
    case Kind.STRUCT:
    case Kind.UNION:
      return `,"size":${third}${list('members', vlen, (i) => memberJson(btf, id, i))}`;
    case Kind.ENUM:
    case Kind.ENUM64: {
      const encoding = `,"encoding":"${kflag ? 'SIGNED' : 'UNSIGNED'}"`;
      const wide = kind === Kind.ENUM64;
      return `${encoding},"size":${third}${list('values', vlen, (i) => valueJson(btf, id, i, wide))}`;
    }
    case Kind.FWD:
      return `,"fwd_kind":"${kflag ? 'union' : 'struct'}"`;
    case Kind.FUNC:
      return `,"type_id":${third},"linkage":"${linkageLabel(vlen)}"`;
    case Kind.FUNC_PROTO:
      return `,"ret_type_id":${third}${list('params', vlen, (i) => {
        const name = nameJson(btf, btf.tail(id, i * 2));
        return `{"name":${name},"type_id":${btf.tail(id, i * 2 + 1)}}`;
      })}`;
    case Kind.VAR:
      return `,"type_id":${third},"linkage":"${linkageLabel(btf.tail(id, 0))}"`;
    case Kind.DATASEC:
      return `,"size":${third}${list('vars', vlen, (i) => {
        const [type, offset, size] = [0, 1, 2].map((word) => btf.tail(id, i * 3 + word));
        return `{"type_id":${type},"offset":${offset},"size":${size}}`;
      })}`;
    case Kind.DECL_TAG:
      return `,"type_id":${third},"component_idx":${btf.tail(id, 0) | 0}`;
    default:
      return `,"size":${third}${siteJson(btf, id, kind, vlen)}`;
  }
}

function memberJson(btf: Btf, id: number, index: number): string {
  const offset = btf.tail(id, index * 3 + 2);
  const head = `{"name":${nameJson(btf, btf.tail(id, index * 3))},"type_id":${btf.tail(id, index * 3 + 1)}`;
  if (!btf.kflag(id)) return `${head},"bits_offset":${offset}}`;
  const bits = offset >>> 24 === 0 ? '' : `,"bitfield_size":${offset >>> 24}`;
  return `${head},"bits_offset":${offset & 0xffffff}${bits}}`;
}

function valueJson(btf: Btf, id: number, index: number, wide: boolean): string {
  const signed = btf.kflag(id);
  const word = index * (wide ? 3 : 2);
  const low = btf.tail(id, word + 1);
  const high = wide ? btf.tail(id, word + 2) : low >>> 31 === 1 ? 0xffffffff : 0;
  return `{"name":${nameJson(btf, btf.tail(id, word))},"val":${enum64Value(low, high, signed)}}`;
}

/** Kinds of inlined-call sites, which bpftool does not know. */
function siteJson(btf: Btf, id: number, kind: number, vlen: number): string {
  if (kind === Kind.LOC_PARAM) {
    const flags = `,"flags":${btf.tail(id, 0)}`;
    return `${flags}${list('values', vlen, (i) => String(btf.tail(id, i + 1)))}`;
  }
  if (kind === Kind.LOC_PROTO) return list('params', vlen, (i) => String(btf.tail(id, i)));
  if (kind !== Kind.LOCSEC) return `,"vlen":${vlen}`;
  return list('sites', vlen, (i) => {
    const [func, proto, offset] = [0, 1, 2].map((word) => btf.tail(id, i * 3 + word));
    return `{"func_type_id":${func},"loc_proto_type_id":${proto},"offset":${offset}}`;
  });
}

function list(key: string, count: number, item: (index: number) => string): string {
  const items = Array.from({ length: count }, (_, index) => item(index)).join(',');
  return `,"vlen":${count},"${key}":[${items}]`;
}

function nameJson(btf: Btf, offset: number): string {
  return offset === 0 ? '"(anon)"' : JSON.stringify(btf.string(offset));
}
