import { ByteReader, FormatError, type Source } from '@btf-depot/bytes';
import type { Part } from '../format.ts';

/** Tokens of the structure block; the Devicetree Specification, 5.4. */
const Token = { BEGIN: 1, END_NODE: 2, PROPERTY: 3, NOP: 4, END: 9 } as const;

const TOKEN_LIMIT = 100_000;
const DEPTH_LIMIT = 32;
const NAME_LIMIT = 256;

export interface TreeNode {
  /** Names from the root, whose name is empty: `['', 'images', 'kernel-1']`. */
  readonly path: readonly string[];
  part(property: string): Part | undefined;
  /** The text before its NUL. */
  text(property: string): string | undefined;
  /** A number of four bytes. */
  number(property: string): number | undefined;
}

/**
 * The nodes of a flattened device tree in the order of their ends, and the offset after the tree. A
 * property is read only on request: it may hold a whole kernel.
 * @throws FormatError `<code>-truncated`, `<code>-corrupt`.
 */
export function readTree(source: Source, code: string): { nodes: TreeNode[]; end: number } {
  const corrupt = (message: string, offset: number) =>
    new FormatError(`${code}-corrupt`, message, { section: 'device tree', offset });
  const read = (offset: number, length: number): Uint8Array => {
    if (offset + length <= source.size) return source.read(offset, length);
    throw new FormatError(`${code}-truncated`, 'the file ends in the device tree', {
      section: 'device tree',
      offset,
    });
  };
  const u32 = (offset: number) => new ByteReader(read(offset, 4), 'big').u32();
  const textAt = (offset: number): string => {
    const bytes = read(offset, Math.max(0, Math.min(NAME_LIMIT, source.size - offset)));
    const end = bytes.indexOf(0);
    if (end < 0) throw corrupt('a name without end', offset);
    return Buffer.from(bytes.subarray(0, end)).toString('latin1');
  };

  const [size, structure, strings] = [u32(4), u32(8), u32(12)];
  const nodes: TreeNode[] = [];
  const open: { path: string[]; properties: Map<string, Part> }[] = [];
  let at = structure;
  for (let tokens = 0; tokens < TOKEN_LIMIT; tokens++) {
    const token = u32(at);
    at += 4;
    const current = open.at(-1);
    if (token === Token.NOP) continue;
    if (token === Token.END) return { nodes, end: aligned(size) };
    if (token === Token.BEGIN) {
      const name = textAt(at);
      if (open.length === DEPTH_LIMIT) throw corrupt('too many nodes inside one another', at);
      open.push({ path: [...(current?.path ?? []), name], properties: new Map() });
      at = aligned(at + name.length + 1);
    } else if (token === Token.PROPERTY && current) {
      const part = { offset: at + 8, length: u32(at) };
      current.properties.set(textAt(strings + u32(at + 4)), part);
      at = aligned(at + 8 + part.length);
    } else if (token === Token.END_NODE && current) {
      open.pop();
      nodes.push(nodeOf(current.path, current.properties, read));
    } else {
      throw corrupt(`${token} is no token here`, at - 4);
    }
  }
  throw corrupt(`more than ${TOKEN_LIMIT} tokens`, at);
}

function nodeOf(
  path: string[],
  properties: ReadonlyMap<string, Part>,
  read: (offset: number, length: number) => Uint8Array,
): TreeNode {
  const bytesOf = (property: string): Uint8Array | undefined => {
    const part = properties.get(property);
    return part && part.length <= NAME_LIMIT ? read(part.offset, part.length) : undefined;
  };
  return {
    path,
    part: (property) => properties.get(property),
    text(property) {
      const bytes = bytesOf(property);
      return bytes && Buffer.from(bytes).toString('latin1').replace(/\0.*$/s, '');
    },
    number(property) {
      const bytes = bytesOf(property);
      return bytes?.length === 4 ? new ByteReader(bytes, 'big').u32() : undefined;
    },
  };
}

function aligned(offset: number): number {
  return Math.ceil(offset / 4) * 4;
}
