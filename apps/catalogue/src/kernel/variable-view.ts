import { ProblemError, type DepotClient } from '@btf-depot/client';
import type { KernelRecord, VariableWithTypes } from '@btf-depot/contracts';
import { linkTo, routeOf } from '../address.ts';
import { copyButton } from '../copy.ts';
import { facts, h, type Child } from '../dom.ts';
import { counted } from '../format.ts';
import { KSYM_REASONS, wordsFor } from './words.ts';
import { variableSearch } from './variable-search.ts';
import { listed, variableList } from './variables-view.ts';

/** Types with more lines than this are shown on request. */
const SHORT = 40;

/** All variables of one name; if there is none, similar names. */
export async function variableView(
  client: DepotClient,
  { buildId }: KernelRecord,
  name: string,
): Promise<Child[]> {
  const search = variableSearch(client, buildId, name);
  try {
    const { variables } = await client.variable(buildId, name);
    return [
      search,
      variables.length > 1 &&
        h('p', { class: 'note' }, `${variables.length} variables share this name.`),
      ...variables.map((variable) => described(buildId, variable)),
    ];
  } catch (error) {
    if (!(error instanceof ProblemError) || !MISSES.has(error.code)) throw error;
    return [search, ...(await missing(client, buildId, name, error))];
  }
}

const MISSES = new Set(['unknown-variable', 'no-vars']);

async function missing(
  client: DepotClient,
  kernel: string,
  name: string,
  { code, suggestions }: ProblemError,
): Promise<Child[]> {
  const { variables } = await listed(client, kernel, name, undefined, 20);
  return [
    h(
      'div',
      { class: 'note', role: 'status' },
      h('p', {}, 'This kernel has no variable ', h('code', {}, name.slice(0, 200)), '.'),
      code === 'no-vars' && h('p', {}, 'It came without its global variables.'),
      suggestions.length > 0 && h('p', {}, 'Similar: ', ...links(kernel, suggestions)),
    ),
    variables.length > 0 && h('h2', {}, 'Names with this prefix'),
    variables.length > 0 && variableList(kernel, variables),
  ];
}

function links(kernel: string, names: readonly string[]): Child[] {
  return names.flatMap((name, index) => [
    index > 0 && ', ',
    h('a', { href: linkTo({ kernel, variable: name }) }, h('code', {}, name)),
  ]);
}

function described(kernel: string, variable: VariableWithTypes): HTMLElement {
  const { name, declaration, types, section, offset, size, address, fromStext } = variable;
  const c = `${types}extern ${declaration};\n`;
  const lines = types.split('\n').length - 1;
  return h(
    'article',
    { class: 'variable' },
    h('h2', {}, h('code', {}, `${declaration};`)),
    facts([
      ['Section', section === undefined ? 'not known' : h('code', {}, section)],
      ['Offset', offset === undefined ? undefined : h('code', {}, hex(offset))],
      ['Address as linked', address === undefined ? undefined : h('code', {}, address)],
      ['From _stext', fromStext === undefined ? undefined : h('code', {}, hex(fromStext))],
      ['Size', size === undefined ? undefined : counted(size, 'byte')],
      ['Linkage', variable.linkage],
      ['In', variable.from === 'core' ? 'core' : 'the extra vars'],
      ['For BPF programs (ksym)', ksym(variable)],
    ]),
    h(
      'p',
      { class: 'actions' },
      copyButton(c, `${name} with its types`, 'Copy as C'),
      ' ',
      h('a', { href: `${routeOf(kernel, 'vars', name)}?as=c` }, 'as C'),
      ' ',
      h(
        'a',
        { href: `${routeOf(kernel, 'vars', name)}?as=btf`, download: `${name}.btf` },
        'as BTF',
      ),
      ' ',
      h('a', { href: `${routeOf(kernel, 'vars', name)}?as=json` }, 'as JSON'),
    ),
    lines > 0 &&
      h(
        'details',
        { open: lines <= SHORT },
        h('summary', {}, `The types that it needs: ${counted(lines, 'line')} of C`),
        h('pre', { tabindex: 0, 'aria-label': 'Types as C' }, h('code', {}, c)),
      ),
  );
}

function ksym({ ksym: is, ksymReason, ksymName, perCpu }: VariableWithTypes): string {
  if (is === undefined) return perCpu ? 'per CPU: core has it' : 'not known';
  if (is) return 'yes';
  if (ksymReason === undefined) return 'no';
  const there = ksymName === undefined ? '' : `; the symbol at its place is ${ksymName}`;
  return `no: ${wordsFor(KSYM_REASONS, ksymReason)}${there}`;
}

function hex(value: number): string {
  return value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}
