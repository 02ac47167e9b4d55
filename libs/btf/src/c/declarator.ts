import { FormatError } from '@btf-depot/bytes';
import { Kind } from '../kinds.ts';
import type { Btf } from '../wire/btf.ts';
import { bodyOf, enumBodyOf } from './bodies.ts';
import { CompositeLayouts } from './composite-layout.ts';
import { floatSpelling, identifier, integerSpelling, stringLiteral } from './identifiers.ts';

/** Most nested anonymous types and function types in one declaration. */
const MAX_NESTING = 64;
/** Most links of one declarator: pointers, dimensions, qualifiers. */
const MAX_CHAIN = 256;

/** Names for types, in case the plain ones clash in one file. */
export type NameOf = (id: number) => string;

/**
 * Prints types of one BTF as C. `nameOf` gives the names of tagged types and typedefs. `limit` is
 * the number of characters that all calls together may make: types printed in place can refer to
 * each other so that the text doubles with each.
 */
export class CWriter {
  readonly btf: Btf;
  readonly layouts: CompositeLayouts;
  readonly nameOf: NameOf;
  readonly enumeratorOf: (nameOffset: number) => string;
  #left: number;

  constructor(
    btf: Btf,
    limit: number,
    nameOf: NameOf = (id) => identifier(btf.name(id)),
    enumeratorOf: (nameOffset: number) => string = (offset) => identifier(btf.string(offset)),
  ) {
    this.btf = btf;
    this.layouts = new CompositeLayouts(btf);
    this.nameOf = nameOf;
    this.enumeratorOf = enumeratorOf;
    this.#left = limit;
  }

  /** Counts text against the limit. Throws FormatError `btf-limit`. */
  spend(text: string): string {
    this.#left -= text.length;
    if (this.#left < 0) throw this.#fail('btf-limit', 'the C text passes its limit');
    return text;
  }

  /**
   * Declares `name` (empty for a type name) with a type: `int (*name)(void *)`. Anonymous structs
   * are written out, indented by `level` tabs. Throws FormatError `btf-cycle`, `btf-depth`,
   * `btf-limit`.
   */
  declare(id: number, name: string, level = 0, nesting = 0): string {
    if (nesting > MAX_NESTING) throw this.#fail('btf-depth', `type ${id} nests too deeply`);
    const { btf } = this;
    const qualifiers = new Set<string>();
    const tags: string[] = [];
    let text = name;
    let pointer = false;
    for (let links = 0; links < MAX_CHAIN; links++) {
      const kind = btf.kind(id);
      switch (kind) {
        case Kind.CONST:
        case Kind.VOLATILE:
        case Kind.RESTRICT:
          qualifiers.add(QUALIFIERS[kind]);
          break;
        case Kind.TYPE_TAG:
          if (!btf.kflag(id)) tags.unshift(typeTag(btf.name(id)));
          break;
        case Kind.PTR: {
          const own = [...qualifiers].join(' ');
          text = own === '' ? `*${text}` : `* ${own}${text === '' ? '' : ' '}${text}`;
          qualifiers.clear();
          pointer = true;
          break;
        }
        case Kind.ARRAY:
          // A qualified array is an array of qualified elements: the qualifiers apply to them.
          text = `${pointer ? `(${text})` : text}[${btf.tail(id, 2)}]`;
          pointer = false;
          id = btf.tail(id, 0);
          continue;
        case Kind.FUNC_PROTO:
          text = `${pointer ? `(${text})` : text}(${this.#parameters(id, level, nesting)})`;
          qualifiers.clear();
          pointer = false;
          break;
        default: {
          // Only pointers can be restrict.
          qualifiers.delete('restrict');
          const head = [...qualifiers, this.leaf(id, level, nesting), ...tags].join(' ');
          return this.spend(text === '' ? head : `${head} ${text}`);
        }
      }
      id = btf.sizeOrType(id);
    }
    throw this.#fail('btf-cycle', `type ${id}: more than ${MAX_CHAIN} pointers and qualifiers`);
  }

  /** The start of a declaration: `struct file`, `u32`, `enum { … }`. */
  leaf(id: number, level: number, nesting: number): string {
    const { btf } = this;
    const kind = btf.kind(id);
    const name = btf.nameOffset(id) === 0 ? '' : this.nameOf(id);
    switch (kind) {
      case Kind.INT: {
        const signed = ((btf.tail(id, 0) >>> 24) & 1) === 1;
        return integerSpelling(btf.name(id), btf.sizeOrType(id), signed);
      }
      case Kind.FLOAT:
        return floatSpelling(btf.name(id), btf.sizeOrType(id));
      case Kind.STRUCT:
      case Kind.UNION: {
        const keyword = kind === Kind.UNION ? 'union' : 'struct';
        return name === '' ? bodyOf(this, id, keyword, level, nesting) : `${keyword} ${name}`;
      }
      case Kind.ENUM:
      case Kind.ENUM64:
        return name === '' ? enumBodyOf(this, id, 'enum', level) : `enum ${name}`;
      case Kind.FWD:
        return `${btf.kflag(id) ? 'union' : 'struct'} ${name}`;
      case Kind.TYPEDEF:
        return name === '' ? 'void' : name;
      default:
        return 'void';
    }
  }

  #parameters(id: number, level: number, nesting: number): string {
    const { btf } = this;
    const count = btf.vlen(id);
    if (count === 0) return 'void';
    return Array.from({ length: count }, (_, index) => {
      const nameOffset = btf.tail(id, index * 2);
      const type = btf.tail(id, index * 2 + 1);
      if (type === 0 && nameOffset === 0 && index === count - 1) return '...';
      const name = nameOffset === 0 ? '' : identifier(btf.string(nameOffset));
      return this.declare(type, name, level, nesting + 1);
    }).join(', ');
  }

  #fail(code: string, message: string): FormatError {
    return new FormatError(code, message, { section: this.btf.section });
  }
}

const QUALIFIERS = {
  [Kind.CONST]: 'const',
  [Kind.VOLATILE]: 'volatile',
  [Kind.RESTRICT]: 'restrict',
} as const;

function typeTag(tag: string): string {
  return `__attribute__((btf_type_tag(${stringLiteral(tag)})))`;
}
