import { ProblemError, type DepotClient } from '@btf-depot/client';
import type { InlineSite, KernelRecord } from '@btf-depot/contracts';
import { linkTo } from '../address.ts';
import { copyButton } from '../copy.ts';
import { h, type Child } from '../dom.ts';
import { field, formOf } from '../form.ts';
import { counted } from '../format.ts';
import { nextPage } from '../paging.ts';
import { isPattern } from './variable-search.ts';
import { SITE_CLASSES, wordsFor } from './words.ts';

type Asked = { function: string } | { address: string };

const MISSES = new Set(['unknown-function', 'no-inlines', 'bad-query']);

/** Inlined functions, those with most calls first; by prefix or pattern. */
export async function functionsView(
  client: DepotClient,
  record: KernelRecord,
  names: string,
  page?: string,
): Promise<Child[]> {
  if (!record.parts.inlines) return [withoutInlines()];
  const { buildId: kernel } = record;
  const children = [h('div', { class: 'searches' }, ...siteSearch(kernel, { function: names }))];
  try {
    const found = await client.inlinedFunctionPage(kernel, names, { limit: 100, page });
    return [
      ...children,
      h('h2', {}, names === '' ? 'Functions that are inlined most often' : 'Inlined functions'),
      found.functions.length === 0 && h('p', { class: 'none' }, 'No inlined function matches.'),
      h(
        'ol',
        { class: 'variables', 'aria-label': 'Inlined functions' },
        ...found.functions.map(({ name, sites }) =>
          h(
            'li',
            {},
            h('a', { href: linkTo({ kernel, function: name }) }, name),
            h('span', { class: 'quiet' }, counted(sites, 'inlined call')),
          ),
        ),
      ),
      nextPage({ kernel, inlined: names, page }, found.next),
    ];
  } catch (error) {
    if (!(error instanceof ProblemError) || error.code !== 'bad-query') throw error;
    return [...children, h('p', { class: 'none' }, h('code', {}, names), ': ', error.detail)];
  }
}

function withoutInlines(): HTMLElement {
  return h(
    'p',
    { class: 'note' },
    'This kernel came without inlined calls. The depot finds them in debug information: upload the ' +
      'whole vmlinux or its debug package.',
  );
}

/** Places where calls of a function were inlined, or the calls at an address. */
export async function sitesView(
  client: DepotClient,
  record: KernelRecord,
  asked: Asked,
  page?: string,
): Promise<Child[]> {
  if (!record.parts.inlines) return [withoutInlines()];
  const { buildId: kernel } = record;
  if ('function' in asked && isPattern(asked.function)) {
    return functionsView(client, record, asked.function, page);
  }
  const children = [h('div', { class: 'searches' }, ...siteSearch(kernel, asked))];
  try {
    const { sites, next } = await client.inlineSitePage(kernel, asked, { limit: 50, page });
    const place = 'function' in asked ? { function: asked.function } : { code: asked.address };
    return [
      ...children,
      sites.length === 0 && h('p', { class: 'none' }, 'No inlined call begins there.'),
      h(
        'ol',
        { class: 'sites', 'aria-label': 'Inlined calls' },
        ...sites.map((site) => row(kernel, site)),
      ),
      nextPage({ kernel, ...place, page }, next),
    ];
  } catch (error) {
    if (!(error instanceof ProblemError) || !MISSES.has(error.code)) throw error;
    const near = error.suggestions.map((name) =>
      h('a', { href: linkTo({ kernel, function: name }) }, h('code', {}, name), ' '),
    );
    return [
      ...children,
      h(
        'div',
        { class: 'note', role: 'status' },
        h('p', {}, error.title, '.'),
        near.length > 0
          ? h('p', {}, 'Similar: ', ...near)
          : h('p', { class: 'quiet' }, error.detail),
      ),
    ];
  }
}

function siteSearch(kernel: string, asked: Asked): HTMLElement[] {
  const hidden = () => h('input', { type: 'hidden', name: 'kernel', value: kernel });
  const name = 'function' in asked ? asked.function : '';
  const address = 'address' in asked ? asked.address : '';
  return [
    formOf(
      { class: 'search', 'aria-label': 'Search by function', role: 'search' },
      hidden(),
      field('Inlined function, or a pattern with * and ?', {
        name: 'function',
        value: name,
        placeholder: 'pid_task, *lock*',
        required: true,
      }),
      h('button', { type: 'submit' }, 'Show'),
    ),
    formOf(
      { class: 'search', 'aria-label': 'Search by address', role: 'search' },
      hidden(),
      field('Or an address, as linked', {
        name: 'code',
        value: address,
        placeholder: '0xffffffff81…',
        pattern: '\\s*(0x)?[0-9a-fA-F]{1,16}\\s*',
        title: 'hexadecimal digits',
        required: true,
      }),
      h('button', { type: 'submit' }, 'Show'),
    ),
  ];
}

function row(kernel: string, site: InlineSite): HTMLElement {
  const { function: name, caller, section, offset, address, probe, init, parameters } = site;
  const place = `${section}+0x${offset.toString(16)}`;
  return h(
    'li',
    {},
    h(
      'p',
      {},
      h('a', { href: linkTo({ kernel, function: name }) }, h('code', {}, name)),
      caller ? ' in ' : '',
      caller && h('code', {}, `${caller.name}+0x${caller.offset.toString(16)}`),
      h('span', { class: 'badge' }, wordsFor(SITE_CLASSES, site.class ?? 'unknown')),
      init === true && h('span', { class: 'badge' }, 'freed after boot'),
    ),
    h(
      'p',
      { class: 'quiet' },
      place,
      address !== undefined && ' · ',
      address !== undefined && h('a', { href: linkTo({ kernel, code: address }) }, address),
    ),
    probe !== undefined &&
      h(
        'p',
        {},
        'Probe ',
        h('code', {}, probe),
        ' ',
        copyButton(probe, `probe of ${place}`),
        probeNote(site.class),
      ),
    parameters.length > 0 && parameterTable(name, parameters),
  );
}

/** Calls that a probe there misses. */
function probeNote(kind: string | undefined): Child {
  if (kind === 'empty') return ' The call has no code of its own here.';
  return kind === 'outside' ? ' The code of the call is elsewhere in the function.' : '';
}

function parameterTable(name: string, parameters: InlineSite['parameters']): HTMLElement {
  const heads = ['Parameter', 'Type', 'Where', 'Fetch argument'];
  return h(
    'table',
    { class: 'parameters' },
    h('caption', { class: 'offscreen' }, `Parameters of ${name}`),
    h('thead', {}, h('tr', {}, ...heads.map((text) => h('th', { scope: 'col' }, text)))),
    h(
      'tbody',
      {},
      ...parameters.map((parameter) =>
        h(
          'tr',
          {},
          h('th', { scope: 'row' }, h('code', {}, parameter.name)),
          h('td', {}, h('code', {}, parameter.type)),
          h('td', {}, parameter.where),
          h('td', {}, parameter.fetch === undefined ? '' : h('code', {}, parameter.fetch)),
        ),
      ),
    ),
  );
}
