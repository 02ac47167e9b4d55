import { expect, test } from 'vitest';
import { manifest, parseManifest, sha256Sums } from './manifest.ts';

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

const kernel = {
  buildId: 'abcdef01',
  revision: 2,
  delivery: 'builtin' as const,
  core: { sha256: hash('c') },
};
const text = manifest(kernel, [['vmlinux.btf', { sha256: hash('a'), size: 7 }]]);

test('what rests on a claim is named in one line, which readers of before pass by', () => {
  const claimed = ['vmlinux.btf', 'btf_vmlinux.ko'];
  const marked = manifest({ ...kernel, claimed }, [
    ['vmlinux.btf', { sha256: hash('a'), size: 7 }],
  ]);
  expect(marked.split('\n').filter((line) => !text.includes(line))).toEqual([
    'claimed vmlinux.btf',
  ]);
  expect(parseManifest(marked).claimed).toEqual(['vmlinux.btf']);
});

test('a manifest is read as it was written', () => {
  const artifacts = new Map([['vmlinux.btf', { sha256: hash('a'), size: 7 }]]);
  expect(parseManifest(text)).toEqual({ ...kernel, artifacts });
  expect(parseManifest(`${text}of-tomorrow 1\n`)).toEqual({ ...kernel, artifacts });
});

test.each([
  '',
  text.replace('manifest 1', 'manifest 2'),
  text.replace('revision 2', 'revision 0'),
  text.replace('build-id abcdef01', 'build-id ABCDEF01'),
  text.replace('delivery builtin', 'delivery pigeon'),
  text.replace('core-sha256', 'core-sha1'),
  text.replace(' 7 ', ' -7 '),
  text.replace('vmlinux.btf', '../vmlinux.btf'),
  `${text}build-id abcdef02\n`,
  `${text}artifact ${hash('b')} 7 vmlinux.btf\n`,
])('not a manifest: %j', (other) => {
  expect(() => parseManifest(other)).toThrow(SyntaxError);
});

test('SHA256SUMS has the form that sha256sum -c reads', () => {
  expect(sha256Sums([['manifest', hash('a')]])).toBe(`${hash('a')}  manifest\n`);
});
