import { kindName } from '../kinds.ts';
import type { Btf } from '../wire/btf.ts';

/** One breach of a rule. */
export interface BtfFault {
  /** Stable name of the rule: `name`, `type-id`, `vlen`, `kflag`, `size`, `member`, `overlap`, … */
  readonly rule: string;
  /** The fault, in the kernel's words if it has some. */
  readonly message: string;
  /**
   * Type id, 0 if the fault is in the header or the sections. If the types end early, one past the
   * last readable one.
   */
  readonly id: number;
  /** `STRUCT`, `VAR`, …; empty if there is no such type. */
  readonly kind: string;
  /** The type's name if it is readable. */
  readonly name: string;
  /** Byte offset in the BTF. */
  readonly offset: number;
}

/** `[12] STRUCT list: Invalid member (.BTF+0x1c)`. */
export function formatFault(fault: BtfFault, section = '.BTF'): string {
  const { id, kind, name, message, offset } = fault;
  const words = [`[${id}]`, kind, name].filter((word) => word !== '').join(' ');
  const type = id === 0 ? '' : `${words}: `;
  return `${type}${message} (${section}+0x${offset.toString(16)})`;
}

/** Collects faults up to a number. */
export class Faults {
  readonly found: BtfFault[] = [];
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get full(): boolean {
    return this.found.length >= this.#limit;
  }

  /** For the header, a section, or an unreadable type. Always returns false. */
  whole(rule: string, message: string, offset: number, id = 0): false {
    if (!this.full) this.found.push({ rule, message, id, kind: '', name: '', offset });
    return false;
  }

  /**
   * For an own type; `word` counts from the type's first. Always returns false, so that checks can
   * return it.
   */
  type(btf: Btf, id: number, rule: string, message: string, word = 0): false {
    if (this.full) return false;
    const kind = kindName(btf.kind(id));
    const offset = btf.byteOffset(id) + word * 4;
    this.found.push({ rule, message, id, kind, name: readableName(btf, id), offset });
    return false;
  }
}

function readableName(btf: Btf, id: number): string {
  const offset = btf.nameOffset(id);
  return offset < btf.stringEnd ? btf.string(offset) : '';
}
