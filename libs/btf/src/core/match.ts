import { isComposite, isEnum, Kind } from '../kinds.ts';
import type { Btf } from '../wire/btf.ts';
import type { AccessStep } from './local-access.ts';
import { essentialName, sameEssentialName } from './names.ts';

/** Most nested arrays and prototypes that are followed, as in libbpf. */
const MAX_DEPTH = 32;
/** Most anonymous composites that are searched for one member. */
const MAX_ANONYMOUS = 1000;
/**
 * Most types that are compared for one relocation: nested prototypes could double with each level.
 */
const MAX_COMPARED = 10_000;

/** Members that an access passes in the target: composite and index, outermost first. */
export type TargetPath = { readonly type: number; readonly index: number }[];

/** Whether two kinds match: equal, or both enums. */
function kindsCompatible(left: number, right: number): boolean {
  return left === right || (isEnum(left) && isEnum(right));
}

/** Types of the target that a local type may mean: same kind and essential name, by id. */
export function candidates(local: Btf, id: number, target: Btf): number[] {
  const kind = local.kind(id);
  const name = essentialName(local.name(id));
  if (name === '') return [];
  const found: number[] = [];
  // Targets have flavours only if someone made them: names are looked up, not scanned.
  for (const candidate of target.findAll(name)) {
    if (kindsCompatible(target.kind(candidate), kind)) found.push(candidate);
  }
  return found;
}

/** Finds a field access in a candidate type; undefined if it has no such field. */
export function matchField(
  local: Btf,
  steps: readonly AccessStep[],
  target: Btf,
  root: number,
): TargetPath | undefined {
  const path: TargetPath = [];
  let type = root;
  for (const step of steps.slice(1)) {
    const plain = target.resolve(type);
    if (plain === undefined) return undefined;
    if ('member' in step) {
      const found = findMember(local, step, target, plain, new Set());
      if (found === undefined) return undefined;
      path.push(...found);
      const { type: owner, index } = found[found.length - 1];
      type = target.tail(owner, index * 3 + 1);
    } else {
      if (target.kind(plain) !== Kind.ARRAY) return undefined;
      const count = target.tail(plain, 2);
      // An array without a size may continue after its struct.
      if (count !== 0 && step.index >= count && !isLastMember(target, path)) return undefined;
      type = target.tail(plain, 0);
    }
  }
  return path;
}

/** A member by name, also inside anonymous members. */
function findMember(
  local: Btf,
  step: { readonly member: string; readonly type: number },
  target: Btf,
  id: number,
  seen: Set<number>,
): TargetPath | undefined {
  // A type without the member is not searched again: anonymous types can be shared.
  if (!isComposite(target.kind(id)) || seen.has(id) || seen.size > MAX_ANONYMOUS) return undefined;
  seen.add(id);
  for (let index = 0; index < target.vlen(id); index++) {
    const type = target.tail(id, index * 3 + 1);
    const name = target.string(target.tail(id, index * 3));
    if (name === '') {
      const plain = target.resolve(type) ?? 0;
      const inner = findMember(local, step, target, plain, seen);
      if (inner) return [{ type: id, index }, ...inner];
    } else if (name === step.member) {
      const fits = fieldsCompatible(local, step.type, target, type, 0);
      return fits ? [{ type: id, index }] : undefined;
    }
  }
  return undefined;
}

/** An array of one element at the end of a struct is an old-style flexible one. */
function isLastMember(target: Btf, path: TargetPath): boolean {
  const last = path.at(-1);
  if (last === undefined) return false;
  return last.index === target.vlen(last.type) - 1;
}

/** Whether fields of these types match: by kind, not size (libbpf's rule). */
function fieldsCompatible(
  local: Btf,
  localType: number,
  target: Btf,
  targetType: number,
  depth: number,
): boolean {
  const [a, b] = [local.resolve(localType), target.resolve(targetType)];
  if (a === undefined || b === undefined || depth > MAX_DEPTH) return false;
  const [left, right] = [local.kind(a), target.kind(b)];
  if (isComposite(left) && isComposite(right)) return true;
  if (!kindsCompatible(left, right)) return false;
  if (left === Kind.ARRAY) {
    return fieldsCompatible(local, local.tail(a, 0), target, target.tail(b, 0), depth + 1);
  }
  if (left === Kind.FWD || isEnum(left)) {
    const anonymous = local.name(a) === '' || target.name(b) === '';
    return anonymous || sameEssentialName(local, a, target, b);
  }
  return left === Kind.PTR || left === Kind.FLOAT || left === Kind.INT;
}

/** Whether whole types match (libbpf's bpf_core_types_are_compat). */
export function typesCompatible(
  local: Btf,
  localType: number,
  target: Btf,
  targetType: number,
  depth = 0,
  budget = { left: MAX_COMPARED },
): boolean {
  const [a, b] = [local.resolve(localType), target.resolve(targetType)];
  if (a === undefined || b === undefined || depth > MAX_DEPTH || budget.left-- <= 0) return false;
  const kind = local.kind(a);
  if (!kindsCompatible(kind, target.kind(b))) return false;
  const inner = (x: number, y: number): boolean =>
    typesCompatible(local, x, target, y, depth + 1, budget);
  if (kind === Kind.PTR) return inner(local.sizeOrType(a), target.sizeOrType(b));
  if (kind === Kind.ARRAY) return inner(local.tail(a, 0), target.tail(b, 0));
  if (kind !== Kind.FUNC_PROTO) return true;
  if (local.vlen(a) !== target.vlen(b)) return false;
  for (let i = 0; i < local.vlen(a); i++) {
    if (!inner(local.tail(a, i * 2 + 1), target.tail(b, i * 2 + 1))) return false;
  }
  return inner(local.sizeOrType(a), target.sizeOrType(b));
}

/** Whether a target enum has the enumerator at `index` of a local one. */
export function matchEnumerator(
  local: Btf,
  localType: number,
  index: number,
  target: Btf,
  targetType: number,
): boolean {
  const [a, b] = [local.resolve(localType) ?? 0, target.resolve(targetType) ?? 0];
  if (!isEnum(local.kind(a)) || !isEnum(target.kind(b)) || index >= local.vlen(a)) return false;
  const nameAt = (btf: Btf, id: number, i: number): string =>
    essentialName(btf.string(btf.tail(id, i * (btf.kind(id) === Kind.ENUM64 ? 3 : 2))));
  const wanted = nameAt(local, a, index);
  for (let i = 0; i < target.vlen(b); i++) if (nameAt(target, b, i) === wanted) return true;
  return false;
}
