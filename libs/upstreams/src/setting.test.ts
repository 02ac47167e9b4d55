import { expect, test } from 'vitest';
import { parseUpstreams, upstreamsOfDebuginfod } from './setting.ts';

test('an ordered list of kinds and places', () => {
  const text = 'debuginfod http://127.0.0.1:8002, debuginfod https://debuginfod.example/base';
  expect(parseUpstreams(text)).toEqual([
    { kind: 'debuginfod', at: 'http://127.0.0.1:8002/', name: '127.0.0.1:8002' },
    { kind: 'debuginfod', at: 'https://debuginfod.example/base/', name: 'debuginfod.example' },
  ]);
  expect(parseUpstreams('')).toEqual([]);
});

test.each([
  ['ftp http://a', 'not a kind of upstream; these are: debuginfod, depot'],
  ['debuginfod', 'expected a kind and an address'],
  ['debuginfod http://a http://b', 'expected a kind and an address'],
  ['debuginfod file:///etc', 'not an HTTP URL'],
  ['debuginfod http://user:secret@a/', 'put no password into the URL'],
  ['debuginfod http://a, debuginfod http://a/other', 'named twice'],
])('another text is refused, with its fault: %s', (text, wrong) => {
  expect(() => parseUpstreams(text)).toThrow(wrong);
  expect(() => parseUpstreams(text)).not.toThrow('secret');
});

test('the variable of debuginfod itself is read, without its file URLs', () => {
  expect(upstreamsOfDebuginfod(' https://one.example/ file:///srv  https://two.example')).toEqual([
    { kind: 'debuginfod', at: 'https://one.example/', name: 'one.example' },
    { kind: 'debuginfod', at: 'https://two.example/', name: 'two.example' },
  ]);
});
