import { BY_KEY, eachShapeReference, keyOf, type Shapes } from './shapes.ts';

/**
 * Marks the shapes that may differ between units: those that lead, on any path of any unit, to a
 * name with several definitions. All others are one type.
 */
export function ambiguousShapes(shapes: Shapes): Uint8Array {
  const { words, starts, count, definitions } = shapes;
  // Nodes: shapes, then keys. Sources of the references to a node: `from` in `origins`.
  const nodes = count + definitions.length;
  const sizes = new Uint32Array(nodes + 2);
  const eachEdge = (visit: (from: number, to: number) => void): void => {
    for (let shape = 1; shape <= count; shape++) {
      eachShapeReference(words, starts[shape], starts[shape + 1], (slot) => {
        const to = words[slot];
        if (to !== 0) visit(shape, to >= BY_KEY ? count + keyOf(to) : to);
      });
    }
    definitions.forEach((all, key) => {
      for (const shape of all) visit(count + key, shape);
    });
  };
  eachEdge((_, to) => sizes[to + 1]++);
  for (let node = 0; node <= nodes; node++) sizes[node + 1] += sizes[node];
  const origins = new Uint32Array(sizes[nodes + 1]);
  const next = sizes.slice();
  eachEdge((from, to) => (origins[next[to]++] = from));

  const reached = new Uint8Array(nodes + 1);
  const queue: number[] = [];
  definitions.forEach((all, key) => {
    if (all.length > 1) queue.push(count + key);
  });
  for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
    for (let at = sizes[node]; at < sizes[node + 1]; at++) {
      const origin = origins[at];
      if (reached[origin] !== 0) continue;
      reached[origin] = 1;
      queue.push(origin);
    }
  }
  return reached.subarray(0, count + 1);
}
