import type { DepotClient, KernelFilter } from '@btf-depot/client';
import type { KernelSummary } from '@btf-depot/contracts';
import { linkTo, type Place } from './address.ts';
import { h } from './dom.ts';
import { counted } from './format.ts';
import { field, formOf } from './form.ts';
import { nextPage } from './paging.ts';
import type { View } from './view.ts';

const FILTERS = ['release', 'distro', 'arch', 'buildId'] as const;

/** Kernels by what is known of them. */
export async function searchView(client: DepotClient, place: Place): Promise<View> {
  const filter: KernelFilter = {};
  for (const key of FILTERS) {
    const value = place[key];
    // Build IDs are copied from places that write them in upper case, or with spaces around.
    if (value) filter[key] = key === 'buildId' ? value.toLowerCase() : value;
  }
  const { kernels, next } = await client.kernelPage(filter, { limit: 50, page: place.page });
  return {
    title: 'BTF Depot',
    children: [
      h('h1', {}, 'Kernels'),
      h(
        'p',
        { class: 'lead' },
        'Types, global variables and inlined calls of Linux kernels, by build ID: what a kernel ' +
          'leaves out of its own BTF, and tracers miss.',
      ),
      formOf(
        { class: 'search', 'aria-label': 'Search kernels', role: 'search' },
        field('Release begins with', {
          name: 'release',
          value: place.release,
          placeholder: '6.12',
        }),
        field('Distribution', { name: 'distro', value: place.distro, placeholder: 'debian' }),
        field('Architecture', { name: 'arch', value: place.arch, placeholder: 'x86_64' }),
        field('Build ID begins with', {
          name: 'buildId',
          value: place.buildId,
          placeholder: '7f76f39f…',
          pattern: '\\s*[0-9a-fA-F]{1,128}\\s*',
          title: 'hexadecimal digits',
        }),
        h('button', { type: 'submit' }, 'Search'),
      ),
      kernels.length === 0 ? noKernels(filter) : list(kernels),
      nextPage(place, next),
    ],
  };
}

function list(kernels: readonly KernelSummary[]): HTMLElement {
  return h('ul', { class: 'kernels', 'aria-label': 'Kernels found' }, ...kernels.map(row));
}

function row({ buildId, release, distro, arch, variables, state }: KernelSummary): HTMLElement {
  return h(
    'li',
    {},
    h('a', { href: linkTo({ kernel: buildId }) }, release ?? 'release not known'),
    h('span', {}, distro ?? ''),
    h('span', {}, arch ?? ''),
    h('span', {}, variables ? counted(variables, 'variable') : 'no variables'),
    state === 'ready' ? h('span', {}) : h('span', { class: `badge ${state}` }, state),
    h('code', { class: 'id', title: buildId }, buildId),
  );
}

function noKernels(filter: KernelFilter): HTMLElement {
  return Object.keys(filter).length > 0
    ? h('p', { class: 'none' }, 'The depot has no such kernel. ', h('a', { href: '?' }, 'Show all'))
    : h('p', { class: 'none' }, 'The depot is empty: ', h('code', {}, 'btfdepot push vmlinux'));
}
