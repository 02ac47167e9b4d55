import { isComposite, Kind } from '../kinds.ts';
import { isModifier, type Btf } from '../wire/btf.ts';
import { pointerSize, sizeOf } from '../wire/size.ts';
import type { KernelVersion } from '../kernel-version.ts';
import { checkMember } from './check-member.ts';
import type { Faults } from './faults.ts';
import { identifierValid } from './names.ts';

/** MAX_RESOLVE_DEPTH. */
const MAX_DEPTH = 32;
const NOT_VISITED = 0;
const VISITED = 1;
const RESOLVED = 2;

type Mode = 'any' | 'pointer' | 'composite';
/** The result of a step of a resolution: a type to resolve first, done, or a noted fault. */
type Step = number | 'resolved' | 'fault';

/**
 * Checks that types fit together: referenced types have a size if one is needed, composites do not
 * contain themselves, members lie inside, sections hold variables. The kernel does this only for
 * BPF_BTF_LOAD. Source: kernel/bpf/btf.c, btf_check_all_types.
 */
export function checkResolve(btf: Btf, kernel: KernelVersion, faults: Faults): void {
  const resolver = new Resolver(btf, kernel, faults);
  for (let id = btf.firstId; id < btf.endId && !faults.full; id++) resolver.check(id);
}

class Resolver {
  readonly #btf: Btf;
  readonly #kernel: KernelVersion;
  readonly #faults: Faults;
  readonly #states: Uint8Array;
  /** Where each type on the stack continues. */
  readonly #next: Uint32Array;
  #stack: number[] = [];
  #mode: Mode = 'any';

  constructor(btf: Btf, kernel: KernelVersion, faults: Faults) {
    this.#btf = btf;
    this.#kernel = kernel;
    this.#faults = faults;
    this.#states = new Uint8Array(btf.typeCount);
    this.#next = new Uint32Array(btf.typeCount);
  }

  check(id: number): void {
    this.#resolve(id);
    if (this.#btf.kind(id) === Kind.FUNC_PROTO) this.#checkProto(id);
  }

  #resolve(id: number): boolean {
    if (!needsResolve(this.#btf.kind(id)) || this.#isResolved(id)) return true;
    this.#stack = [];
    this.#mode = 'any';
    let fine = this.#push(id);
    while (fine && this.#stack.length > 0) {
      const top = this.#stack[this.#stack.length - 1];
      const step = this.#step(top);
      if (step === 'fault') fine = false;
      else if (step === 'resolved') {
        this.#stack.pop();
        this.#states[top - this.#btf.firstId] = RESOLVED;
      } else fine = this.#push(step);
    }
    // Failed types are not checked again, so that each fault is reported once.
    for (const open of this.#stack) this.#states[open - this.#btf.firstId] = RESOLVED;
    return fine;
  }

  #push(id: number): boolean {
    const btf = this.#btf;
    const origin = this.#stack[0] ?? id;
    if (this.#stack.length === MAX_DEPTH) {
      return this.#faults.type(btf, origin, 'depth', `Exceeded max resolving depth:${MAX_DEPTH}`);
    }
    if (this.#states[id - btf.firstId] !== NOT_VISITED) {
      return this.#faults.type(btf, origin, 'cycle', 'Loop detected');
    }
    this.#states[id - btf.firstId] = VISITED;
    this.#next[id - btf.firstId] = 0;
    this.#stack.push(id);
    if (this.#mode === 'any') {
      const kind = btf.kind(id);
      if (kind === Kind.PTR) this.#mode = 'pointer';
      else if (isComposite(kind) || kind === Kind.ARRAY) this.#mode = 'composite';
    }
    return true;
  }

  #isResolved(id: number): boolean {
    const { firstId } = this.#btf;
    return id < firstId || this.#states[id - firstId] === RESOLVED;
  }

  /** Whether a resolution can skip the type. */
  #isSink(id: number): boolean {
    const kind = this.#btf.kind(id);
    if (this.#mode === 'any') return !needsResolve(kind);
    if (isModifier(kind)) return false;
    return this.#mode === 'pointer' ? kind !== Kind.PTR : kind !== Kind.ARRAY && !isComposite(kind);
  }

  #isOpen(id: number): boolean {
    return !this.#isSink(id) && !this.#isResolved(id);
  }

  #step(id: number): Step {
    switch (this.#btf.kind(id)) {
      case Kind.ARRAY:
        return this.#stepArray(id);
      case Kind.STRUCT:
      case Kind.UNION:
        return this.#stepComposite(id);
      case Kind.DATASEC:
        return this.#stepSection(id);
      case Kind.FUNC:
        return this.#stepFunction(id);
      case Kind.DECL_TAG:
        return this.#stepDeclTag(id);
      default:
        return this.#stepReference(id);
    }
  }

  #fault(id: number, rule: string, message: string, word = 2): 'fault' {
    this.#faults.type(this.#btf, id, rule, message, word);
    return 'fault';
  }

  /** Pointers, modifiers, variables. */
  #stepReference(id: number): Step {
    const btf = this.#btf;
    const kind = btf.kind(id);
    const target = btf.sizeOrType(id);
    if (isSourceOnly(btf.kind(target))) return this.#fault(id, 'type-id', 'Invalid type_id');
    if (this.#isOpen(target)) return target;
    const plain = btf.resolve(target);
    if (plain === undefined) return this.#fault(id, 'cycle', 'Loop detected');
    if (!isModifier(kind) && plain !== target && btf.kind(plain) === Kind.PTR) {
      if (this.#isOpen(plain)) return plain;
    }
    if (this.#hasSize(plain)) return 'resolved';
    const plainKind = btf.kind(plain);
    // A FUNC that was resolved before counts as its prototype.
    const sizeless =
      plainKind === Kind.VOID ||
      plainKind === Kind.FWD ||
      plainKind === Kind.FUNC_PROTO ||
      (plainKind === Kind.FUNC && this.#isResolved(plain));
    if (kind !== Kind.VAR && sizeless) return 'resolved';
    return this.#fault(id, 'type-id', 'Invalid type_id');
  }

  #stepArray(id: number): Step {
    const btf = this.#btf;
    const [element, index, count] = [btf.tail(id, 0), btf.tail(id, 1), btf.tail(id, 2)];
    if (isSizeless(btf.kind(index)) || isSourceOnly(btf.kind(index))) {
      return this.#fault(id, 'array', 'Invalid index', 4);
    }
    if (this.#isOpen(index)) return index;
    const plainIndex = btf.resolve(index);
    if (plainIndex === undefined || !this.#isRegularInt(plainIndex)) {
      return this.#fault(id, 'array', 'Invalid index', 4);
    }
    if (isSizeless(btf.kind(element)) || isSourceOnly(btf.kind(element))) {
      return this.#fault(id, 'array', 'Invalid elem', 3);
    }
    if (this.#isOpen(element)) return element;
    const plain = btf.resolve(element);
    if (plain === undefined || !this.#hasSize(plain)) {
      return this.#fault(id, 'array', 'Invalid elem', 3);
    }
    if (btf.kind(plain) === Kind.INT && !this.#isRegularInt(plain)) {
      return this.#fault(id, 'array', 'Invalid array of int', 3);
    }
    const size = sizeOf(btf, plain);
    if (size === undefined || size * count > 0xffffffff) {
      return this.#fault(id, 'array', 'Array size overflows U32_MAX', 5);
    }
    return 'resolved';
  }

  #stepComposite(id: number): Step {
    const btf = this.#btf;
    const own = id - btf.firstId;
    for (let i = this.#next[own], count = btf.vlen(id); i < count; i++) {
      const type = btf.tail(id, i * 3 + 1);
      if (isSizeless(btf.kind(type)) || isSourceOnly(btf.kind(type))) {
        return this.#fault(id, 'member', 'Invalid member', 4 + i * 3);
      }
      if (this.#isOpen(type)) {
        this.#next[own] = i;
        return type;
      }
      const message = checkMember(btf, id, i);
      if (message !== undefined) return this.#fault(id, 'member', message, 5 + i * 3);
    }
    return 'resolved';
  }

  #stepSection(id: number): Step {
    const btf = this.#btf;
    const own = id - btf.firstId;
    for (let i = this.#next[own], count = btf.vlen(id); i < count; i++) {
      const variable = btf.tail(id, i * 3);
      if (btf.kind(variable) !== Kind.VAR) {
        return this.#fault(id, 'section', 'Not a VAR kind member', 3 + i * 3);
      }
      if (this.#isOpen(variable)) {
        this.#next[own] = i;
        return variable;
      }
      const size = sizeOf(btf, variable);
      if (size === undefined) return this.#fault(id, 'section', 'Invalid type', 3 + i * 3);
      if (btf.tail(id, i * 3 + 2) < size)
        return this.#fault(id, 'section', 'Invalid size', 5 + i * 3);
    }
    return 'resolved';
  }

  #stepFunction(id: number): Step {
    const btf = this.#btf;
    const proto = btf.sizeOrType(id);
    if (btf.kind(proto) !== Kind.FUNC_PROTO) return this.#fault(id, 'type-id', 'Invalid type_id');
    for (let i = 0, count = btf.vlen(proto); i < count; i++) {
      if (btf.tail(proto, i * 2) === 0 && btf.tail(proto, i * 2 + 1) !== 0) {
        return this.#fault(id, 'parameter', `Invalid arg#${i + 1}`);
      }
    }
    return 'resolved';
  }

  #stepDeclTag(id: number): Step {
    const btf = this.#btf;
    const target = btf.sizeOrType(id);
    const kind = btf.kind(target);
    const takesComponent = kind === Kind.FUNC || isComposite(kind);
    if (!takesComponent && kind !== Kind.VAR && kind !== Kind.TYPEDEF) {
      return this.#fault(id, 'type-id', 'Invalid type_id');
    }
    if (this.#isOpen(target)) return target;
    const component = btf.tail(id, 0) | 0;
    if (component === -1) return 'resolved';
    const count = btf.vlen(kind === Kind.FUNC ? btf.sizeOrType(target) : target);
    if (takesComponent && component < count) return 'resolved';
    return this.#fault(id, 'component', 'Invalid component_idx', 3);
  }

  #checkProto(id: number): void {
    const btf = this.#btf;
    const result = btf.sizeOrType(id);
    if (result !== 0 && !(this.#resolve(result) && this.#hasSize(btf.resolve(result)))) {
      this.#fault(id, 'parameter', 'Invalid return type');
      return;
    }
    const count = btf.vlen(id);
    for (let i = 0; i < count; i++) {
      const [name, type] = [btf.tail(id, i * 2), btf.tail(id, i * 2 + 1)];
      if (type === 0 && name === 0 && i === count - 1) return;
      const fine =
        (name === 0 || identifierValid(btf, name, this.#kernel)) &&
        this.#resolve(type) &&
        this.#hasSize(btf.resolve(type));
      if (!fine) {
        this.#fault(id, 'parameter', `Invalid arg#${i + 1}`, 3 + i * 2);
        return;
      }
    }
  }

  #hasSize(id: number | undefined): boolean {
    return id !== undefined && !isSizeless(this.#btf.kind(id)) && !isSourceOnly(this.#btf.kind(id));
  }

  /** A whole number of bytes as in C: not the bit fields of old BTF. */
  #isRegularInt(id: number): boolean {
    const btf = this.#btf;
    if (btf.kind(id) !== Kind.INT) return false;
    const data = btf.tail(id, 0);
    const bytes = (data & 0xff) / 8;
    const isWhole = [1, 2, 4, 8, 2 * pointerSize(btf), 16].includes(bytes);
    return isWhole && ((data >>> 16) & 0xff) === 0 && bytes === btf.sizeOrType(id);
  }
}

/** Kinds that nothing may refer to as a type. */
function isSourceOnly(kind: number): boolean {
  return kind === Kind.VAR || kind === Kind.DECL_TAG || kind === Kind.DATASEC;
}

function isSizeless(kind: number): boolean {
  return kind === Kind.VOID || kind === Kind.FWD || kind === Kind.FUNC || kind === Kind.FUNC_PROTO;
}

function needsResolve(kind: number): boolean {
  return (
    isModifier(kind) ||
    isComposite(kind) ||
    kind === Kind.PTR ||
    kind === Kind.ARRAY ||
    kind === Kind.VAR ||
    kind === Kind.FUNC ||
    kind === Kind.DECL_TAG ||
    kind === Kind.DATASEC
  );
}
