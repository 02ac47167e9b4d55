import type { DepotClient, ProblemError } from '@btf-depot/client';
import { DEPOT, linkTo } from './address.ts';
import { command, hash } from './copy.ts';
import { h } from './dom.ts';
import { progressNote } from './kernel/progress.ts';
import type { View } from './view.ts';

export function malformed(text: string): View {
  return {
    title: 'Not a build ID · BTF Depot',
    children: [
      h('h1', {}, 'Not a build ID'),
      h('p', {}, 'A build ID is 8 to 128 hexadecimal digits, two per byte. This is not one: '),
      h('p', {}, h('code', {}, text.slice(0, 300))),
      h('p', {}, h('a', { href: '?' }, 'Search')),
    ],
  };
}

/** It may be on its way: the process that splits a kernel tells the progress. */
export async function unknown(client: DepotClient, buildId: string): Promise<View> {
  const progress = await client.splitProgress(buildId);
  const title = progress ? 'Being split' : 'Not in this depot';
  return {
    title: `${title} · BTF Depot`,
    children: [
      h('h1', {}, title),
      h('p', { class: 'build-id' }, h('span', {}, 'Build ID '), hash(buildId, 'build ID')),
      ...(progress
        ? [progressNote(client, buildId)]
        : [
            h(
              'p',
              {},
              'This depot has no kernel with this build ID. Anyone with its package, or with its ' +
                'vmlinux and debug information, can upload it:',
            ),
            command(`npx btfdepot push --url ${DEPOT} vmlinux`, 'command that sends a kernel'),
            h(
              'p',
              {},
              h(
                'a',
                { href: linkTo({ buildId: buildId.slice(0, 4) }) },
                'Build IDs with this prefix',
              ),
            ),
          ]),
    ],
  };
}

export function withdrawn(buildId: string, { detail }: ProblemError): View {
  return {
    title: 'Withdrawn · BTF Depot',
    children: [
      h('h1', {}, 'Withdrawn', h('span', { class: 'badge withdrawn' }, '410')),
      h('p', { class: 'build-id' }, h('span', {}, 'Build ID '), hash(buildId, 'build ID')),
      h('div', { class: 'note bad' }, h('p', {}, detail)),
      h('p', {}, 'Nothing of it is served any more. ', h('a', { href: '?' }, 'Other kernels')),
    ],
  };
}
