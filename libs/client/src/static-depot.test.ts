import { buildIdOf } from '@btf-depot/testing';
import { expect, test } from 'vitest';
import { lookUpStatic, searchStatic } from './static-depot.ts';

const kernels = ['a', 'b', 'c', 'd'].map((seed, at) => ({
  buildId: buildIdOf(seed),
  revision: 1,
  state: 'ready' as const,
  distro: 'debian',
  release: at < 2 ? '6.12.1-test' : '6.1.0-test',
  arch: at === 3 ? 'aarch64' : 'x86_64',
}));
kernels.sort((a, b) => (a.buildId < b.buildId ? -1 : 1));

test('an export is searched as a depot is, in pages', () => {
  const first = searchStatic(kernels, { release: '6.1' }, { limit: 3 });
  expect(first.kernels).toEqual(kernels.slice(0, 3));
  const rest = searchStatic(kernels, { release: '6.1' }, { limit: 3, page: first.next });
  expect(rest).toEqual({ kernels: kernels.slice(3), next: undefined });
  const [one] = kernels;
  expect(searchStatic(kernels, { buildId: one?.buildId.slice(0, 6) }, {}).kernels).toEqual([one]);
  expect(searchStatic(kernels, { arch: 'aarch64' }, {}).kernels).toHaveLength(1);
  expect(searchStatic(kernels, { distro: 'fedora' }, {}).kernels).toEqual([]);
});

test('many are looked up at once: have, missing, ambiguous', () => {
  const asked = { buildIds: [buildIdOf('a'), buildIdOf('z')], releases: ['6.1.0-test', '5.10'] };
  const { have, missing, ambiguous } = lookUpStatic(kernels, asked);
  expect(have.map(({ asked: name }) => name)).toEqual([buildIdOf('a')]);
  expect(missing).toEqual([buildIdOf('z'), '5.10']);
  expect(ambiguous).toMatchObject([{ asked: '6.1.0-test', kernels: [{}, {}] }]);
});
