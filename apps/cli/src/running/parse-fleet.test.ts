import { expect, it } from 'vitest';
import { parseFleet } from './parse-fleet.ts';

const node = (name: string, kernelVersion?: string) => ({
  metadata: { name },
  status: { nodeInfo: kernelVersion === undefined ? {} : { kernelVersion } },
});

it("takes Kubernetes' list of nodes, each kernel once", () => {
  const items = [node('a', '6.12.1'), node('b', '6.12.1'), node('c', '6.1.0'), node('new')];
  expect([...parseFleet(JSON.stringify({ kind: 'List', items }))]).toEqual([
    ['6.12.1', ['a', 'b']],
    ['6.1.0', ['c']],
  ]);
});

it('takes lines, as many machines print uname -r', () => {
  expect([...parseFleet('6.12.1\n\n 6.1.0\r\n6.12.1\n').keys()]).toEqual(['6.12.1', '6.1.0']);
});

it.each(['', '\n', '{}', '{"items": []}', '{"items": {}}', '{'])('refuses %j', (text) => {
  expect(() => parseFleet(text)).toThrow();
});
