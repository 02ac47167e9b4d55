import type { KernelSummary } from '@btf-depot/contracts';
import { expect, test } from 'vitest';
import { searchKernels } from './search-kernels.ts';

const RELEASES = [
  '7.2.13',
  '6.12.117-1-amd64',
  '6.12.9+deb13',
  '6.12.0-1-amd64',
  '6.12.0',
  '6.12.0-rc7',
  '6.12.0-rc2',
  '6.9.1',
  '',
];

/** In the order of their build IDs, which has nothing to do with that of their releases. */
const kernels = RELEASES.map((release, at): KernelSummary => ({
  buildId: `${(at * 7) % RELEASES.length}0aa`,
  revision: 1,
  state: 'ready',
  release,
  uploadedAt: `2026-01-0${9 - at}T00:00:00.000Z`,
})).sort((a, b) => (a.buildId < b.buildId ? -1 : 1));

function inPages(sort: 'release' | 'sent' | 'buildId', limit: number, change = kernels) {
  const found: KernelSummary[] = [];
  let page: string | undefined;
  do {
    const list = page === undefined ? kernels : change;
    const answer = searchKernels(list, { sort, limit, page });
    found.push(...answer.kernels);
    page = answer.next;
  } while (page !== undefined);
  return found;
}

test.each([1, 2, 4, 100])(
  'pages of %i have each kernel once, the newest release first',
  (limit) => {
    expect(inPages('release', limit).map(({ release }) => release)).toEqual(RELEASES);
  },
);

test('those that came last are first', () => {
  const dates = inPages('sent', 2).map(({ uploadedAt }) => uploadedAt);
  expect(dates).toEqual([...dates].sort().reverse());
  expect(dates).toHaveLength(RELEASES.length);
});

test('a page stays right while kernels come and go', () => {
  const gone = kernels.filter(({ release }) => release !== '6.12.117-1-amd64');
  const found = inPages('release', 2, gone).map(({ release }) => release);
  expect(found).toEqual(RELEASES);
});

test('kernels of one release come by build ID', () => {
  const twins = ['aa', 'bb', 'cc'].map((buildId): KernelSummary => ({
    buildId,
    revision: 1,
    state: 'ready',
    release: '6.1',
  }));
  const first = searchKernels(twins, { sort: 'release', limit: 2 });
  expect(first.kernels.map(({ buildId }) => buildId)).toEqual(['aa', 'bb']);
  const { kernels: rest } = searchKernels(twins, { sort: 'release', limit: 2, page: first.next });
  expect(rest.map(({ buildId }) => buildId)).toEqual(['cc']);
});
