import type { Source } from '@btf-depot/bytes';
import { COMPRESSIONS } from '@btf-depot/codec';
import { readTree, type TreeNode } from '../images/device-tree.ts';
import type { ImageFormat, Piece } from '../format.ts';
import { checkedPart } from '../images/payload.ts';

/**
 * U-Boot's images that are device trees (flat image tree, fitspec.osfw.foundation). Nodes below
 * `/images` have type, compression, and the data, which is in the tree or after it.
 */
export const fit: ImageFormat = {
  kind: 'image',
  name: 'fit',
  isLoose: true,
  fileName: /\.(itb|fit)$/,
  begins: ([a, b, c, d]) => a === 0xd0 && b === 0x0d && c === 0xfe && d === 0xed,
  *pieces(source) {
    const { nodes, end } = readTree(source, 'fit');
    for (const node of nodes) {
      const [, images, name] = node.path;
      if (images !== 'images' || name === undefined || node.path.length !== 3) continue;
      if (/^kernel(_noload)?$/.test(node.text('type') ?? '')) yield kernelOf(source, node, end);
    }
  },
};

/**
 * @param end of the tree: data outside it has an offset from there, or from the start of the file.
 */
function kernelOf(source: Source, node: TreeNode, end: number): Piece {
  const method = node.text('compression');
  const compression = COMPRESSIONS.find((name) => name === method);
  const position = node.number('data-position');
  const behind = node.number('data-offset');
  const length = node.number('data-size') ?? 0;
  const outside = position ?? (behind === undefined ? undefined : end + behind);
  const part = outside === undefined ? node.part('data') : { offset: outside, length };
  const name = node.path.at(-1) ?? 'kernel';
  return {
    ...checkedPart('fit', source, part ?? { offset: 0, length: 0 }),
    name,
    kind: 'kernel',
    compression,
  };
}
