import { infoKind, infoVlen, Kind, kindName } from '../kinds.ts';
import {
  knowsAttributes,
  knowsKind,
  knowsSignedEnums,
  maxVlen,
  type KernelVersion,
} from '../kernel-version.ts';
import { KERNEL_LIMITS } from '../limits.ts';
import type { Btf } from '../wire/btf.ts';
import type { Faults } from './faults.ts';
import { identifierValid, nameOffsetValid, sectionNameValid } from './names.ts';

/** Context for the checks of one type. */
interface Context {
  readonly btf: Btf;
  readonly kernel: KernelVersion;
  readonly faults: Faults;
}

/**
 * Each type by itself: its info word, name, sizes, elements. Source: kernel/bpf/btf.c,
 * btf_check_all_metas with the check_meta of each kind.
 */
export function checkMeta(btf: Btf, kernel: KernelVersion, faults: Faults): void {
  const context = { btf, kernel, faults };
  for (let id = btf.firstId; id < btf.endId && !faults.full; id++) checkType(context, id);
}

function checkType(context: Context, id: number): boolean {
  const { btf, kernel, faults } = context;
  const info = btf.info(id);
  const kind = infoKind(info);
  const reserved = maxVlen(kernel) === 0xffff ? 0x60ff0000 : 0;
  if ((info & reserved) !== 0) {
    return faults.type(btf, id, 'vlen', `Invalid btf_info:${info.toString(16)}`, 1);
  }
  if (!knowsKind(kernel, kind)) {
    const { major, minor } = kernel;
    return faults.type(
      btf,
      id,
      'kind',
      `Linux ${major}.${minor} does not know ${kindName(kind)}`,
      1,
    );
  }
  if (!nameOffsetValid(btf, btf.nameOffset(id))) {
    return faults.type(btf, id, 'name', `Invalid name_offset:${btf.nameOffset(id)}`);
  }
  return CHECKS[kind](context, id) ?? true;
}

type Check = (context: Context, id: number) => boolean | undefined;

function noVlen({ btf, faults }: Context, id: number): boolean {
  return infoVlen(btf.info(id)) === 0 || faults.type(btf, id, 'vlen', 'vlen != 0', 1);
}

function noFlag({ btf, faults }: Context, id: number): boolean {
  return !btf.kflag(id) || faults.type(btf, id, 'kflag', 'Invalid btf_info kind_flag', 1);
}

/**
 * The name must be present (`required`), must be absent (`none`), or may be either (`optional`); an
 * identifier.
 */
function named(context: Context, id: number, need: 'required' | 'optional' | 'none'): boolean {
  const { btf, kernel, faults } = context;
  const offset = btf.nameOffset(id);
  const fine =
    offset === 0 ? need !== 'required' : need !== 'none' && identifierValid(btf, offset, kernel);
  return fine || faults.type(btf, id, 'name', 'Invalid name');
}

function typeId({ btf, faults }: Context, id: number, word: number, value: number): boolean {
  // Whether such a type exists is checked once all are known: check-references.ts.
  return value <= KERNEL_LIMITS.typeId || faults.type(btf, id, 'type-id', 'Invalid type_id', word);
}

const checkReference: Check = (context, id) => {
  const { btf, kernel, faults } = context;
  const kind = btf.kind(id);
  const isTag = kind === Kind.TYPE_TAG;
  if (!noVlen(context, id)) return false;
  if (!(isTag && knowsAttributes(kernel)) && !noFlag(context, id)) return false;
  if (!typeId(context, id, 2, btf.sizeOrType(id))) return false;
  if (!isTag) return named(context, id, kind === Kind.TYPEDEF ? 'required' : 'none');
  return btf.name(id) !== '' || faults.type(btf, id, 'name', 'Invalid name');
};

const checkInt: Check = (context, id) => {
  const { btf, faults } = context;
  if (!noVlen(context, id) || !noFlag(context, id)) return false;
  const data = btf.tail(id, 0);
  if ((data & 0xf0000000) !== 0) {
    return faults.type(btf, id, 'int', `Invalid int_data:${data.toString(16)}`, 3);
  }
  const bits = (data & 0xff) + ((data >>> 16) & 0xff);
  if (bits > 128) return faults.type(btf, id, 'int', 'nr_bits exceeds 128', 3);
  if (Math.ceil(bits / 8) > btf.sizeOrType(id)) {
    return faults.type(btf, id, 'int', 'nr_bits exceeds type_size', 3);
  }
  const encoding = (data >>> 24) & 0xf;
  return [0, 1, 2, 4].includes(encoding) || faults.type(btf, id, 'int', 'Unsupported encoding', 3);
};

const checkArray: Check = (context, id) => {
  const { btf, faults } = context;
  if (!named(context, id, 'none') || !noVlen(context, id) || !noFlag(context, id)) return false;
  if (btf.sizeOrType(id) !== 0) return faults.type(btf, id, 'size', 'size != 0', 2);
  const [element, index] = [btf.tail(id, 0), btf.tail(id, 1)];
  if (element === 0) return faults.type(btf, id, 'type-id', 'Invalid elem', 3);
  if (index === 0) return faults.type(btf, id, 'type-id', 'Invalid index', 4);
  return typeId(context, id, 3, element) && typeId(context, id, 4, index);
};

const checkComposite: Check = (context, id) => {
  const { btf, kernel, faults } = context;
  if (!named(context, id, 'optional')) return false;
  const isUnion = btf.kind(id) === Kind.UNION;
  const size = btf.sizeOrType(id);
  const kflag = btf.kflag(id);
  let last = 0;
  for (let i = 0, count = btf.vlen(id); i < count; i++) {
    const word = 3 + i * 3;
    const name = btf.tail(id, i * 3);
    if (!nameOffsetValid(btf, name)) {
      return faults.type(btf, id, 'name', `Invalid member name_offset:${name}`, word);
    }
    if (name !== 0 && !identifierValid(btf, name, kernel)) {
      return faults.type(btf, id, 'name', `Invalid name of member ${i}`, word);
    }
    const type = btf.tail(id, i * 3 + 1);
    if (type === 0) return faults.type(btf, id, 'type-id', 'Invalid type_id', word + 1);
    if (!typeId(context, id, word + 1, type)) return false;
    const raw = btf.tail(id, i * 3 + 2);
    const offset = kflag ? raw & 0xffffff : raw;
    if ((isUnion && offset !== 0) || last > offset) {
      return faults.type(btf, id, 'member', 'Invalid member bits_offset', word + 2);
    }
    if (Math.ceil(offset / 8) > size) {
      return faults.type(btf, id, 'member', 'Member bits_offset exceeds its struct size', word + 2);
    }
    last = offset;
  }
  return true;
};

const checkEnum: Check = (context, id) => {
  const { btf, kernel, faults } = context;
  const wide = btf.kind(id) === Kind.ENUM64;
  if (!wide && !knowsSignedEnums(kernel) && !noFlag(context, id)) return false;
  const size = btf.sizeOrType(id);
  if (![1, 2, 4, 8].includes(size)) return faults.type(btf, id, 'size', 'Unexpected size', 2);
  if (!named(context, id, 'optional')) return false;
  const stride = wide ? 3 : 2;
  for (let i = 0, count = btf.vlen(id); i < count; i++) {
    const name = btf.tail(id, i * stride);
    if (!nameOffsetValid(btf, name)) {
      return faults.type(btf, id, 'name', `Invalid name_offset:${name}`, 3 + i * stride);
    }
    if (name === 0 || !identifierValid(btf, name, kernel)) {
      return faults.type(btf, id, 'name', `Invalid name of value ${i}`, 3 + i * stride);
    }
  }
  return true;
};

const checkForward: Check = (context, id) => {
  const { btf, faults } = context;
  if (!noVlen(context, id)) return false;
  if (btf.sizeOrType(id) !== 0) return faults.type(btf, id, 'type-id', 'type != 0', 2);
  return named(context, id, 'required');
};

const checkFunction: Check = (context, id) => {
  const { btf, faults } = context;
  if (!named(context, id, 'required')) return false;
  if (btf.vlen(id) > 1) return faults.type(btf, id, 'linkage', 'Invalid func linkage', 1);
  return noFlag(context, id);
};

const checkProto: Check = (context, id) => named(context, id, 'none') && noFlag(context, id);

const checkVariable: Check = (context, id) => {
  const { btf, faults } = context;
  if (!noVlen(context, id) || !noFlag(context, id)) return false;
  if (!named(context, id, 'required')) return false;
  if (btf.sizeOrType(id) === 0) return faults.type(btf, id, 'type-id', 'Invalid type_id', 2);
  if (!typeId(context, id, 2, btf.sizeOrType(id))) return false;
  return btf.tail(id, 0) <= 1 || faults.type(btf, id, 'linkage', 'Linkage not supported', 3);
};

const checkSection: Check = (context, id) => {
  const { btf, kernel, faults } = context;
  const size = btf.sizeOrType(id);
  if (size === 0) return faults.type(btf, id, 'size', 'size == 0', 2);
  if (!noFlag(context, id)) return false;
  if (btf.nameOffset(id) === 0 || !sectionNameValid(btf, btf.nameOffset(id), kernel)) {
    return faults.type(btf, id, 'name', 'Invalid name');
  }
  let end = 0;
  for (let i = 0, count = btf.vlen(id); i < count; i++) {
    const word = 3 + i * 3;
    const [type, offset, bytes] = [0, 1, 2].map((j) => btf.tail(id, i * 3 + j));
    if (type === 0) return faults.type(btf, id, 'type-id', 'Invalid type_id', word);
    if (!typeId(context, id, word, type)) return false;
    if (offset < end || offset >= size) {
      const message =
        offset < end ? 'Invalid offset: overlaps or is not in order' : 'Invalid offset';
      return faults.type(btf, id, 'overlap', message, word + 1);
    }
    if (bytes === 0 || bytes > size) {
      return faults.type(btf, id, 'size', 'Invalid size', word + 2);
    }
    end = offset + bytes;
    if (end > size) return faults.type(btf, id, 'size', 'Invalid offset+size', word + 2);
  }
  return true;
};

const checkFloat: Check = (context, id) => {
  const { btf, faults } = context;
  if (!noVlen(context, id) || !noFlag(context, id)) return false;
  const fine = [2, 4, 8, 12, 16].includes(btf.sizeOrType(id));
  return fine || faults.type(btf, id, 'size', 'Invalid type_size', 2);
};

const checkDeclTag: Check = (context, id) => {
  const { btf, kernel, faults } = context;
  if (btf.name(id) === '') return faults.type(btf, id, 'name', 'Invalid value');
  if (!noVlen(context, id)) return false;
  if (!knowsAttributes(kernel) && !noFlag(context, id)) return false;
  const fine = (btf.tail(id, 0) | 0) >= -1;
  return fine || faults.type(btf, id, 'component', 'Invalid component_idx', 3);
};

const CHECKS: Readonly<Record<number, Check>> = {
  [Kind.INT]: checkInt,
  [Kind.PTR]: checkReference,
  [Kind.ARRAY]: checkArray,
  [Kind.STRUCT]: checkComposite,
  [Kind.UNION]: checkComposite,
  [Kind.ENUM]: checkEnum,
  [Kind.FWD]: checkForward,
  [Kind.TYPEDEF]: checkReference,
  [Kind.VOLATILE]: checkReference,
  [Kind.CONST]: checkReference,
  [Kind.RESTRICT]: checkReference,
  [Kind.FUNC]: checkFunction,
  [Kind.FUNC_PROTO]: checkProto,
  [Kind.VAR]: checkVariable,
  [Kind.DATASEC]: checkSection,
  [Kind.FLOAT]: checkFloat,
  [Kind.DECL_TAG]: checkDeclTag,
  [Kind.TYPE_TAG]: checkReference,
  [Kind.ENUM64]: checkEnum,
};
