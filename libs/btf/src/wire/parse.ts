import { FormatError, type Where } from '@btf-depot/bytes';
import {
  ELEMENT_NAMED,
  ELEMENT_WORDS,
  FIRST_ID,
  FIXED_WORDS,
  HEAD_IS_ID,
  IDS,
  infoKind,
  Kind,
  LAST_KIND,
} from '../kinds.ts';
import { BTF_LIMITS, type BtfLimits } from '../limits.ts';
import { Btf } from './btf.ts';
import { readBtfHeader } from './header.ts';
import { readLayouts, type KindLayout } from './layout.ts';
import { wordsOf } from './words.ts';

export interface ParseOptions {
  /** The base. */
  readonly base?: Btf | undefined;
  /** Name of the section for messages; default `.BTF`. */
  readonly section?: string | undefined;
  readonly limits?: Partial<BtfLimits>;
}

/**
 * Indexes the bytes of one BTF (raw, or the contents of a `.BTF` section) and checks that every
 * type, id and string offset is inside. The bytes are not copied if their byte order and alignment
 * are this machine's: do not change them afterwards. Source: Documentation/bpf/btf.rst. Throws
 * FormatError `btf-magic`, `btf-header`, `btf-truncated`, `btf-layout`, `btf-kind`, `btf-type-id`,
 * `btf-string`, `btf-limit`, `btf-base`.
 */
export function parseBtf(bytes: Uint8Array, options: ParseOptions = {}): Btf {
  const { btf, failure } = indexPartly(bytes, options);
  if (failure) throw failure;
  checkReferences(btf);
  return btf;
}

/**
 * The index of all readable types, and the fault of the next one. Ids and names that they refer to
 * are not looked up. It serves verify, which reports on those first, as a kernel does, and split
 * BTF without its base.
 */
export function indexPartly(
  bytes: Uint8Array,
  options: ParseOptions = {},
): { btf: Btf; failure: FormatError | undefined } {
  const { base, section = '.BTF' } = options;
  const limits = { ...BTF_LIMITS, ...options.limits };
  if (bytes.length > limits.bytes) {
    throw new FormatError('btf-limit', `${bytes.length} bytes, limit ${limits.bytes}`, { section });
  }
  if (base && base.level + 1 >= limits.levels) {
    throw new FormatError('btf-limit', `more than ${limits.levels} levels of BTF`, { section });
  }
  const header = readBtfHeader(bytes, section);
  if (base && base.endian !== header.endian) {
    const message = `${header.endian} endian, its base is ${base.endian} endian`;
    throw new FormatError('btf-base', message, { section, offset: 0 });
  }
  const part = (offset: number, length: number): Uint8Array =>
    bytes.subarray(header.length + offset, header.length + offset + length);
  const strings = part(header.stringOffset, header.stringLength);
  checkStrings(strings, base !== undefined, section, header.length + header.stringOffset);
  if (header.typeLength % 4 !== 0) {
    const message = `types of ${header.typeLength} bytes, not a multiple of 4`;
    throw new FormatError('btf-header', message, { section, offset: 12 });
  }
  const words = wordsOf(part(header.typeOffset, header.typeLength), header.endian);
  const layoutBytes = part(header.layoutOffset, header.layoutLength);
  const layouts = readLayouts(layoutBytes, header.endian, section);
  const start = header.length + header.typeOffset;
  const { positions, failure } = indexTypes(words, layouts, section, start);
  const btf = new Btf({ bytes, section, header, layouts, base, words, positions, strings });
  return { btf, failure };
}

function checkStrings(strings: Uint8Array, split: boolean, section: string, start: number): void {
  const length = strings.length;
  if (length === 0) {
    if (split) return;
    throw new FormatError('btf-string', 'no strings', { section, offset: 20 });
  }
  if (!split && strings[0] !== 0) {
    const where = { section, offset: start };
    throw new FormatError('btf-string', 'strings do not start with the empty one', where);
  }
  if (strings[length - 1] !== 0) {
    const where = { section, offset: start + length - 1 };
    throw new FormatError('btf-string', 'last string has no end', where);
  }
}

/**
 * The start of each type, in words, up to the first that does not fit. It takes 4 ms for 126,000
 * types.
 */
function indexTypes(
  words: Uint32Array,
  layouts: readonly KindLayout[],
  section: string,
  start: number,
): { positions: Uint32Array; failure: FormatError | undefined } {
  // A type has at least three words, so this is bounded by the input.
  const positions = new Uint32Array(Math.floor(words.length / 3));
  const length = words.length;
  let count = 0;
  let at = 0;
  let failure: FormatError | undefined;
  while (at < length) {
    // Undefined beyond the end, and so an unknown kind.
    const info = words[at + 1];
    const kind = (info >>> 24) & 0x7f;
    const vlen = info & 0xffffff;
    const size =
      kind > LAST_KIND || kind === Kind.VOID
        ? unknownSize(kind, vlen, layouts)
        : 3 + FIXED_WORDS[kind] + vlen * ELEMENT_WORDS[kind];
    if (size === 0 || at + 3 > length || size > length - at) {
      failure = misfit(kind, length - at, { section, offset: start + at * 4 });
      break;
    }
    positions[count++] = at;
    at += size;
  }
  return { positions: positions.slice(0, count), failure };
}

function misfit(kind: number, left: number, where: Where): FormatError {
  if (left < 3) {
    return new FormatError('btf-truncated', 'types end inside the head of a type', where);
  }
  if (kind > LAST_KIND || kind === Kind.VOID) {
    return new FormatError('btf-kind', `unknown kind ${kind}, or one of a broken layout`, where);
  }
  return new FormatError('btf-truncated', 'types end inside the elements of a type', where);
}

/** Words of a type whose kind only the layout section knows; 0 for unknown kinds. */
function unknownSize(kind: number, vlen: number, layouts: readonly KindLayout[]): number {
  const layout = layouts.at(kind);
  if (kind === Kind.VOID || layout === undefined) return 0;
  const bytes = 12 + layout.infoBytes + vlen * layout.elementBytes;
  return bytes % 4 === 0 ? bytes / 4 : 0;
}

/** Throws unless each id and string offset of the own types is inside. Unknown kinds have none. */
function checkReferences(btf: Btf): void {
  const { words, positions, endId, stringEnd } = btf;
  for (const at of positions) {
    const info = words[at + 1];
    const kind = infoKind(info);
    if (words[at] >= stringEnd && words[at] !== 0) throw badString(btf, at);
    if (HEAD_IS_ID[kind] === 1 && words[at + 2] >= endId) throw badId(btf, at + 2);
    const stride = ELEMENT_WORDS[kind];
    const isArray = kind === Kind.ARRAY;
    if (stride === 0 && !isArray) continue;
    const tail = at + 3 + (isArray ? 0 : FIXED_WORDS[kind]);
    const end = isArray ? tail + 1 : tail + (info & 0xffffff) * stride;
    const ids = IDS[kind];
    const firstId = FIRST_ID[kind];
    const named = ELEMENT_NAMED[kind] === 1;
    for (let element = tail; element < end; element += stride || 1) {
      if (named && words[element] >= stringEnd && words[element] !== 0) {
        throw badString(btf, element);
      }
      if (ids > 0 && words[element + firstId] >= endId) throw badId(btf, element + firstId);
      if (ids > 1 && words[element + firstId + 1] >= endId) {
        throw badId(btf, element + firstId + 1);
      }
    }
  }
}

function badId(btf: Btf, word: number): FormatError {
  const message = `type id ${btf.words[word]} of ${btf.endId}`;
  return new FormatError('btf-type-id', message, whereWord(btf, word));
}

function badString(btf: Btf, word: number): FormatError {
  const message = `string offset ${btf.words[word]} of ${btf.stringEnd}`;
  return new FormatError('btf-string', message, whereWord(btf, word));
}

function whereWord(btf: Btf, word: number): { section: string; offset: number } {
  const { length, typeOffset } = btf.header;
  return { section: btf.section, offset: length + typeOffset + word * 4 };
}
