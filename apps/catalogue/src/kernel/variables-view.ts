import { ProblemError, type DepotClient } from '@btf-depot/client';
import type { KernelRecord, Variable, VariablePage } from '@btf-depot/contracts';
import { linkTo } from '../address.ts';
import { h, type Child } from '../dom.ts';
import { nextPage } from '../paging.ts';
import { variableSearch } from './variable-search.ts';

/** The variables of a kernel whose names begin so. */
export async function variablesView(
  client: DepotClient,
  { buildId: kernel, parts }: KernelRecord,
  prefix: string,
  page?: string,
): Promise<Child[]> {
  const { variables, next } = await startingWith(client, kernel, prefix, page);
  const place = { kernel, variables: prefix, ...(page !== undefined && { page }) };
  return [
    variableSearch(client, kernel, prefix),
    !parts.vars &&
      h(
        'p',
        { class: 'note' },
        'This kernel came without its global variables: what is listed is in core, per CPU.',
      ),
    variables.length === 0
      ? h('p', { class: 'none' }, 'No variable begins with ', h('code', {}, prefix.slice(0, 200)))
      : variableList(kernel, variables),
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

/** What cannot be a name begins none. */
export async function startingWith(
  client: DepotClient,
  buildId: string,
  prefix: string,
  page?: string,
  limit = 100,
): Promise<Pick<VariablePage, 'variables' | 'next'>> {
  try {
    return await client.variablePage(buildId, prefix, { limit, page });
  } catch (error) {
    if (error instanceof ProblemError && error.code === 'bad-query') return { variables: [] };
    throw error;
  }
}
