import { ProblemError, type DepotClient } from '@btf-depot/client';
import type { KernelRecord, Variable, VariablePage } from '@btf-depot/contracts';
import { linkTo } from '../address.ts';
import { h, type Child } from '../dom.ts';
import { nextPage } from '../paging.ts';
import { isPattern, variableSearch } from './variable-search.ts';

/** The variables of a kernel, by prefix or pattern. */
export async function variablesView(
  client: DepotClient,
  { buildId: kernel, parts }: KernelRecord,
  names: string,
  page?: string,
): Promise<Child[]> {
  const { variables, next, refused } = await listed(client, kernel, names, page);
  const place = { kernel, variables: names, page };
  return [
    variableSearch(client, kernel, names),
    !parts.vars &&
      h(
        'p',
        { class: 'note' },
        'This kernel came without its global variables. The list has the per-CPU variables of core.',
      ),
    variables.length === 0 ? none(names, refused) : variableList(kernel, variables),
    nextPage(place, next),
  ];
}

export function variableList(kernel: string, variables: readonly Variable[]): HTMLElement {
  return h(
    'ul',
    { class: 'variables', 'aria-label': 'Variables' },
    ...variables.map(({ name, section, declaration }) =>
      h(
        'li',
        {},
        h('a', { href: linkTo({ kernel, variable: name }) }, name),
        h('code', {}, declaration),
        h('span', { class: 'quiet' }, section ?? ''),
      ),
    ),
  );
}

function none(names: string, refused: string | undefined): HTMLElement {
  const word = h('code', {}, names.slice(0, 200));
  if (refused !== undefined) return h('p', { class: 'none' }, word, ': ', refused);
  return h(
    'p',
    { class: 'none' },
    isPattern(names) ? 'No variable matches ' : 'No variable begins with ',
    word,
  );
}

/** Variables by prefix or pattern; or why it cannot match a name. */
export async function listed(
  client: DepotClient,
  buildId: string,
  names: string,
  page?: string,
  limit = 100,
): Promise<Pick<VariablePage, 'variables' | 'next'> & { refused?: string }> {
  try {
    return await client.variablePage(buildId, names, { limit, page });
  } catch (error) {
    if (error instanceof ProblemError && error.code === 'bad-query') {
      return { variables: [], refused: error.detail };
    }
    throw error;
  }
}
