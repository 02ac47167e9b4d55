/** The kernels of a fleet: release or build ID → the nodes that run it, if they have names. */
import { UsageError } from '../options/usage-error.ts';
export type Fleet = ReadonlyMap<string, readonly string[]>;

interface NodeList {
  items?: { metadata?: { name?: unknown }; status?: { nodeInfo?: { kernelVersion?: unknown } } }[];
}

/**
 * @param text the output of `kubectl get nodes -o json`, or a list with a release or build ID in
 *   each line.
 * @throws Error for anything else.
 */
export function parseFleet(text: string): Fleet {
  const fleet = new Map<string, string[]>();
  const add = (kernel: string, node?: string): void => {
    const nodes = fleet.get(kernel) ?? [];
    if (node !== undefined) nodes.push(node);
    fleet.set(kernel, nodes);
  };
  if (text.trimStart().startsWith('{')) {
    const { items } = JSON.parse(text) as NodeList;
    if (!Array.isArray(items)) throw new Error('the JSON has no `items`; expected a list of nodes');
    for (const { metadata, status } of items) {
      const kernel = status?.nodeInfo?.kernelVersion;
      const name = metadata?.name;
      if (typeof kernel === 'string') add(kernel, typeof name === 'string' ? name : undefined);
    }
  } else {
    for (const line of text.split('\n')) if (line.trim() !== '') add(line.trim());
  }
  if (fleet.size === 0) throw new UsageError('no kernel is named; name releases or build IDs');
  return fleet;
}
