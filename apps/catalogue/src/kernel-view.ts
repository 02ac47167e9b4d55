import { ProblemError, type DepotClient } from '@btf-depot/client';
import { isBuildId, type KernelRecord } from '@btf-depot/contracts';
import { linkTo, type Place } from './address.ts';
import { hash } from './copy.ts';
import { h, shown, type Child } from './dom.ts';
import { codeNote, failureNote } from './failure.ts';
import { overview } from './kernel/overview.ts';
import { progressNote } from './kernel/progress.ts';
import { functionsView, sitesView } from './kernel/sites-view.ts';
import { variableView } from './kernel/variable-view.ts';
import { variablesView } from './kernel/variables-view.ts';
import { malformed, unknown, withdrawn } from './misses.ts';
import type { View } from './view.ts';

/** One kernel: an overview, its variables, its inlined calls; or why there is none. */
export async function kernelView(client: DepotClient, given: string, place: Place): Promise<View> {
  const buildId = given.toLowerCase();
  if (!isBuildId(buildId)) return malformed(given);
  let record: KernelRecord | undefined;
  try {
    record = await client.record(buildId);
  } catch (error) {
    if (error instanceof ProblemError && error.code === 'withdrawn') {
      return withdrawn(buildId, error);
    }
    throw error;
  }
  if (!record) return unknown(client, buildId);
  const [name, part] = partOf(client, record, place);
  const children = await part.catch((error: unknown): Child[] => [failureNote(error)]);
  return {
    title: [...(name === '' ? [] : [name]), nameOf(record), 'BTF Depot'].join(' · '),
    children: [
      ...head(record, place),
      record.state === 'compressing' && progressNote(client, buildId),
      record.state === 'failed' && failed(record),
      h('div', { class: 'parts' }, ...shown(children)),
    ],
  };
}

function partOf(
  client: DepotClient,
  record: KernelRecord,
  { variable, variables, inlined, function: name, code, page }: Place,
): [name: string, children: Promise<readonly Child[]>] {
  if (variable) return [variable, variableView(client, record, variable)];
  if (variables !== undefined || variable !== undefined) {
    return ['Variables', variablesView(client, record, variables ?? '', page)];
  }
  if (name) return [name, sitesView(client, record, { function: name }, page)];
  if (code) return [code, sitesView(client, record, { address: code }, page)];
  if ([inlined, name, code].some((given) => given !== undefined)) {
    return ['Inlined calls', functionsView(client, record, inlined ?? '', page)];
  }
  return ['', Promise.resolve(overview(client, record))];
}

function nameOf({ release }: KernelRecord): string {
  return release ?? 'Kernel without a release';
}

function head(record: KernelRecord, place: Place): Child[] {
  const { buildId, distro, arch, bits, endian, state, revision } = record;
  const machine = [arch, bits === undefined ? undefined : `${bits} bits`, `${endian} endian`];
  return [
    h(
      'nav',
      { class: 'crumbs', 'aria-label': 'Breadcrumbs' },
      h('a', { href: '?' }, 'Kernels'),
      distro !== undefined && h('a', { href: linkTo({ distro }) }, distro),
    ),
    h('h1', {}, nameOf(record), state !== 'ready' && h('span', { class: `badge ${state}` }, state)),
    h('p', { class: 'quiet' }, [...machine, `revision ${revision}`].filter(Boolean).join(' · ')),
    h('p', { class: 'build-id' }, h('span', {}, 'Build ID '), hash(buildId, 'build ID')),
    tabs(buildId, place),
  ];
}

function tabs(kernel: string, place: Place): HTMLElement {
  const { variable, variables, inlined, function: name, code } = place;
  const isVariables = (variable ?? variables) !== undefined;
  const isInlined = !isVariables && (inlined ?? name ?? code) !== undefined;
  const tab = (label: string, to: Place, isHere: boolean) =>
    h('a', { href: linkTo(to), 'aria-current': isHere && 'page' }, label);
  return h(
    'nav',
    { class: 'tabs', 'aria-label': 'Overview' },
    tab('Overview', { kernel }, !isVariables && !isInlined),
    tab('Variables', { kernel, variables: '' }, isVariables),
    tab('Inlined calls', { kernel, inlined: '' }, isInlined),
  );
}

function failed({ failure }: KernelRecord): HTMLElement {
  return h(
    'div',
    { class: 'note bad' },
    h('p', {}, 'Its carriers could not be made: ', failure?.message ?? 'no reason is recorded'),
    failure && codeNote(failure.code),
  );
}
