import { expect, test } from 'vitest';
import { manifest, sha256Sums } from './manifest.ts';

const hash = (digit: string) => digit.repeat(64);

test('the manifest names kernel, revision and core, then every artifact', () => {
  const text = manifest(
    { buildId: 'abcdef01', revision: 2, delivery: 'builtin', core: { sha256: hash('c') } },
    [['btf_vmlinux.ko.gz', { sha256: hash('a'), size: 7 }]],
  );
  expect(text.split('\n')).toEqual([
    'btf-depot-manifest 1',
    'build-id abcdef01',
    'revision 2',
    'delivery builtin',
    `core-sha256 ${hash('c')}`,
    `artifact ${hash('a')} 7 btf_vmlinux.ko.gz`,
    '',
  ]);
});

test('SHA256SUMS has the form that sha256sum -c reads', () => {
  expect(sha256Sums([['manifest', hash('a')]])).toBe(`${hash('a')}  manifest\n`);
});
