import { eachIdSlot, eachNameSlot, infoKind, Kind, type Btf } from '@btf-depot/btf';
import { disagreement, featuresOf, withoutFeatures } from './encoder-features.ts';
import { StringIds } from './string-ids.ts';

/**
 * Functions, variables, sections and tags: no type refers to them, and comparing them would take
 * half of the time in a kernel. Each is a node unlike all others.
 */
export function isDeclaration(kind: number): boolean {
  return kind === Kind.FUNC || kind === Kind.VAR || kind === Kind.DATASEC || kind === Kind.DECL_TAG;
}

/**
 * The types of two BTFs as the nodes of one graph: void, then the types of `first` by id, then
 * those of `second`. A node's own words and its references are stored apart.
 */
export interface TypeGraph {
  /** Nodes, void included. */
  readonly size: number;
  /** The nodes that are types other than void, ascending: not functions, variables, … */
  readonly types: Uint32Array;
  /** The first node of `second`: node = id for types of `first`, id + secondStart - 1 for others. */
  readonly secondStart: number;
  /**
   * The types' own words: wire format with strings as StringIds numbers and ids as 0. Nodes that
   * are no types have none, and no targets.
   */
  readonly words: Uint32Array;
  /** Start of each node's words; one more for the end. */
  readonly starts: Uint32Array;
  /** The nodes that each node refers to, in wire order, void included. */
  readonly targets: Uint32Array;
  /** Start of each node's targets; one more for the end. */
  readonly targetStarts: Uint32Array;
}

/**
 * Builds the graph of two standalone BTFs. Encoder features that only one of them uses are undone,
 * so that types that differ only in these have the same words.
 */
export function typeGraph(first: Btf, second: Btf): TypeGraph {
  const erased = disagreement(featuresOf(first), featuresOf(second));
  const text = new Uint8Array(first.strings.length + second.strings.length);
  text.set(first.strings, 0);
  text.set(second.strings, first.strings.length);
  const strings = new StringIds(text);

  const secondStart = first.endId;
  const size = first.endId + second.typeCount;
  const wireLength = first.words.length + second.words.length;
  // Void has a head's words; a FLOAT that becomes an INT has one word more.
  const words = new Uint32Array(3 + wireLength + size);
  const starts = new Uint32Array(size + 1);
  const targets = new Uint32Array(wireLength);
  const targetStarts = new Uint32Array(size + 1);
  const types = new Uint32Array(size);
  let typeCount = 0;
  let node = 1;
  let end = 3;
  let targetEnd = 0;
  starts[1] = end;

  for (const btf of [first, second]) {
    const isFirst = btf === first;
    const textStart = isFirst ? 0 : first.strings.length;
    const nodeOffset = isFirst ? 0 : secondStart - 1;
    const { positions, words: wire } = btf;
    const takeName = (slot: number): void => {
      words[slot] = strings.idOf(textStart + words[slot]);
    };
    const takeId = (slot: number): void => {
      const id = words[slot];
      targets[targetEnd++] = id === 0 ? 0 : id + nodeOffset;
      words[slot] = 0;
    };
    for (let own = 0; own < positions.length; own++) {
      const from = positions[own];
      const to = own + 1 < positions.length ? positions[own + 1] : wire.length;
      if (!isDeclaration(infoKind(wire[from + 1]))) {
        types[typeCount++] = node;
        for (let i = from; i < to; i++) words[end + i - from] = wire[i];
        eachNameSlot(words, end, takeName);
        eachIdSlot(words, end, takeId);
        end += withoutFeatures(words, end, to - from, erased);
      }
      node++;
      starts[node] = end;
      targetStarts[node] = targetEnd;
    }
  }
  return {
    size,
    secondStart,
    words,
    starts,
    targets,
    targetStarts,
    types: types.subarray(0, typeCount),
  };
}
