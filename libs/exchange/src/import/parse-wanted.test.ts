import { buildIdOf } from '@btf-depot/testing';
import { expect, test } from 'vitest';
import { parseWanted } from './parse-wanted.ts';

const buildId = buildIdOf('wanted');
const want = { buildId, code: 'no-vars', requests: 3, clients: 2, first: '2026-01-01T00:00:00Z' };

test.each<[what: string, text: string, wanted: object[]]>([
  [
    'what `wanted` prints',
    JSON.stringify({ wanted: [{ buildId, release: '6.12', arch: 'x86_64', lacks: 'kernel' }] }),
    [{ buildId, release: '6.12', arch: 'x86_64' }],
  ],
  ["a depot's own list", JSON.stringify({ wanted: [want] }), [{ buildId }]],
  [
    'lines of build IDs and releases',
    `# the fleet\n${buildId}\n\n6.12.1-test # two of them\r\n`,
    [{ buildId }, { release: '6.12.1-test' }],
  ],
  ['an empty file', '\n', []],
])('%s is a list', (_, text, wanted) => {
  expect(parseWanted(text)).toMatchObject(wanted);
  expect(parseWanted(text)).toHaveLength(wanted.length);
});

test.each(['{', '{"wanted": 1}', '[1]', '{"wanted": [{"buildId": "../x"}]}'])(
  '%s is none',
  (text) => {
    expect(() => parseWanted(text)).toThrow();
  },
);
