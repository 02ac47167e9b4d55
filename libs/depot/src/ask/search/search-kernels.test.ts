import type { KernelSummary } from '@btf-depot/contracts';
import { describe, expect, test } from 'vitest';
import { lookUpKernels, searchKernels } from './search-kernels.ts';

function summary(buildId: string, facts: Partial<KernelSummary> = {}): KernelSummary {
  return { buildId, revision: 1, state: 'ready', ...facts };
}

const amd = summary('aa01', { release: '6.12.1-amd64', distro: 'debian', arch: 'x86_64' });
const again = summary('aa02', { release: '6.12.1-amd64', distro: 'debian', arch: 'x86_64' });
const arm = summary('bb01', { release: '6.12.1-arm64', distro: 'debian', arch: 'aarch64' });
const other = summary('cc01', { release: '6.1', distro: 'openwrt' });
const bare = summary('dd01');
const all = [amd, again, arm, other, bare];

describe('search', () => {
  test.each([
    [{}, all],
    [{ distro: 'debian' }, [amd, again, arm]],
    [{ distro: 'debian', arch: 'aarch64' }, [arm]],
    [{ release: '6.12' }, [amd, again, arm]],
    [{ buildId: 'aa' }, [amd, again]],
    [{ buildId: 'aa', page: 'aa01' }, [again]],
    [{ distro: 'arch' }, []],
  ])('%j', (query, found) => {
    expect(searchKernels(all, { ...query, limit: 10 })).toEqual({ kernels: found });
  });

  test('pages give each once, and the last has no next', () => {
    const first = searchKernels(all, { limit: 3 });
    expect(first.next).toBe('bb01');
    expect(searchKernels(all, { limit: 3, page: 'bb01' })).toEqual({ kernels: [other, bare] });
    expect(searchKernels(all, { limit: 5 })).not.toHaveProperty('next');
  });
});

test('lookup: have, missing, ambiguous', () => {
  const byId = (buildId: string) => all.find((kernel) => kernel.buildId === buildId);
  const asked = {
    buildIds: ['bb01', 'ee01', 'bb01'],
    releases: ['6.1', '6.12.1-amd64', '7.0', '__proto__'],
  };
  expect(lookUpKernels(all, byId, asked)).toEqual({
    have: [
      { asked: 'bb01', kernel: arm },
      { asked: '6.1', kernel: other },
    ],
    missing: ['ee01', '7.0', '__proto__'],
    ambiguous: [{ asked: '6.12.1-amd64', kernels: [amd, again] }],
  });
});

test('lookup: of releases that very many kernels have, so many are named, two of each at least', () => {
  const releases = Array.from({ length: 50 }, (_, at) => `6.${at}`);
  const many = releases.flatMap((release) =>
    Array.from({ length: 200 }, (_, at) => summary(`${release}.${at}`, { release })),
  );
  const { ambiguous } = lookUpKernels(many, () => undefined, { buildIds: [], releases });
  const counts = ambiguous.map(({ kernels }) => kernels.length);
  expect(counts).toEqual([...Array<number>(20).fill(100), ...Array<number>(30).fill(2)]);
  expect(ambiguous.every(({ more }) => more === true)).toBe(true);
});
