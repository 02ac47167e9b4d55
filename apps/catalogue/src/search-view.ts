import type { DepotClient, KernelFilter } from '@btf-depot/client';
import { KERNEL_ORDERS, type KernelOrder, type KernelSummary } from '@btf-depot/contracts';
import { DEPOT, linkTo, type Place } from './address.ts';
import { command } from './copy.ts';
import { h } from './dom.ts';
import { counted, day } from './format.ts';
import { field, formOf } from './form.ts';
import { nextPage } from './paging.ts';
import type { View } from './view.ts';

const FILTERS = ['release', 'distro', 'arch', 'buildId'] as const;

/** Search kernels. */
export async function searchView(client: DepotClient, place: Place): Promise<View> {
  const filter: KernelFilter = {};
  for (const key of FILTERS) {
    const value = place[key];
    // Build IDs are copied from places that write them in upper case, or with spaces around.
    if (value) filter[key] = key === 'buildId' ? value.toLowerCase() : value;
  }
  const sort = KERNEL_ORDERS.find((order) => order === place.sort) ?? 'release';
  const asked = { ...filter, sort };
  const { kernels, next, incomplete, unreadable } = await client.kernelPage(asked, {
    limit: 50,
    page: place.page,
  });
  return {
    title: 'BTF Depot',
    children: [
      h('h1', {}, 'Kernels'),
      h(
        'p',
        { class: 'lead' },
        'Types, global variables and inlined calls of Linux kernels, by build ID: what a kernel ' +
          'leaves out of its own BTF and tracers need.',
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
        h('input', { type: 'hidden', name: 'sort', value: place.sort ?? '' }),
        h('button', { type: 'submit' }, 'Search'),
      ),
      incomplete !== undefined && notWhole(incomplete),
      unreadable !== undefined && leftOut(unreadable),
      kernels.length > 0
        ? list(kernels, { ...filter, sort })
        : noKernels(filter, incomplete === undefined && unreadable === undefined),
      nextPage(place, next),
    ],
  };
}

/** Headings of the columns, and the order that each selects. */
const COLUMNS: readonly (readonly [heading: string, sort?: KernelOrder])[] = [
  ['Release', 'release'],
  ['Distribution'],
  ['Architecture'],
  ['Variables'],
  ['State'],
  ['Sent', 'sent'],
  ['Build ID', 'buildId'],
];

function list(kernels: readonly KernelSummary[], place: Place): HTMLElement {
  const heading = ([text, sort]: (typeof COLUMNS)[number]) =>
    h(
      'th',
      { scope: 'col', 'aria-sort': sort !== undefined && sort === place.sort && SORTED[sort] },
      sort === undefined ? text : h('a', { href: linkTo({ ...place, sort }) }, text),
    );
  return h(
    'table',
    { class: 'kernels' },
    h('caption', { class: 'offscreen' }, 'Kernels found'),
    h('thead', {}, h('tr', {}, ...COLUMNS.map(heading))),
    h('tbody', {}, ...kernels.map(row)),
  );
}

const SORTED = { release: 'descending', sent: 'descending', buildId: 'ascending' } as const;

function row(kernel: KernelSummary): HTMLElement {
  const { buildId, release, distro, arch, variables, state, uploadedAt } = kernel;
  return h(
    'tr',
    {},
    h(
      'th',
      { scope: 'row' },
      h('a', { href: linkTo({ kernel: buildId }) }, release ?? 'release not known'),
    ),
    h('td', {}, distro ?? ''),
    h('td', {}, arch ?? ''),
    h('td', {}, variables ? counted(variables, 'variable') : 'no variables'),
    h('td', {}, h('span', { class: `badge ${state}` }, state)),
    h('td', {}, uploadedAt === undefined ? '' : day(uploadedAt)),
    h('td', {}, h('code', { class: 'id', title: buildId }, buildId)),
  );
}

/** @param why the depot's words. */
function notWhole(why: string): HTMLElement {
  return h(
    'div',
    { class: 'note', role: 'status' },
    h('p', {}, `This list may lack kernels: ${why}. Reload the page to ask again.`),
  );
}

function leftOut(count: number): HTMLElement {
  const kernels = count === 1 ? 'a kernel whose record' : `${count} kernels whose records`;
  return h(
    'div',
    { class: 'note', role: 'status' },
    h('p', {}, `This list lacks ${kernels} cannot be read. Sent again, they come back.`),
  );
}

function noKernels(filter: KernelFilter, isWhole: boolean): HTMLElement | undefined {
  if (Object.keys(filter).length > 0) {
    return h('p', { class: 'none' }, 'No kernel matches. ', h('a', { href: '?' }, 'Show all'));
  }
  // Of a list that is not whole, nobody knows that the depot is empty.
  if (!isWhole) return undefined;
  return h(
    'div',
    { class: 'none' },
    h('p', {}, 'The depot is empty. Send it a kernel:'),
    command(`npx btfdepot push --url ${DEPOT} vmlinux`, 'command that sends a kernel'),
    h(
      'p',
      { class: 'quiet' },
      'A vmlinux with debug information brings variables and inlined calls; packages, images and ' +
        'archives work too. Then reload this page.',
    ),
  );
}
