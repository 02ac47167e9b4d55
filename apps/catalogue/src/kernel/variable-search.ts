import { ProblemError, type DepotClient } from '@btf-depot/client';
import { h } from '../dom.ts';
import { failureNote } from '../failure.ts';
import { field, formOf } from '../form.ts';

/** Whether it is a pattern for a list of names, and no name itself. */
export function isPattern(text: string): boolean {
  return /[*?]/.test(text);
}

/** Milliseconds from a key press to the request. */
const PAUSE = 120;

/** A form for one variable, which suggests names during typing. */
export function variableSearch(client: DepotClient, kernel: string, name = ''): HTMLElement {
  const names = h('datalist', { id: 'names' });
  const form = formOf(
    { class: 'search', 'aria-label': 'Search variables', role: 'search' },
    h('input', { type: 'hidden', name: 'kernel', value: kernel }),
    field('Variable, or a pattern with * and ?', {
      name: 'variable',
      value: name,
      list: 'names',
      placeholder: 'init_task, *_task',
    }),
    names,
    h('button', { type: 'submit' }, 'Show'),
    h('button', { type: 'submit', class: 'plain', name: 'list', value: '1' }, 'List by prefix'),
  );
  let waiting: ReturnType<typeof setTimeout> | undefined;
  let asking = new AbortController();
  form.addEventListener('input', ({ target }) => {
    clearTimeout(waiting);
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    const { value } = target as HTMLInputElement;
    waiting = setTimeout(() => void suggest(value.trim(), signal), PAUSE);
  });
  form.addEventListener('submit', (event) => {
    const button = event.submitter as HTMLButtonElement | null;
    const input = form.elements.namedItem('variable') as HTMLInputElement;
    input.value = input.value.trim();
    const lists = button?.name === 'list' || input.value === '' || isPattern(input.value);
    if (lists) input.name = 'variables';
    if (button) button.name = '';
  });
  const suggest = async (prefix: string, signal: AbortSignal) => {
    if (prefix === '') {
      names.replaceChildren();
      return;
    }
    try {
      const { variables } = await client.variablePage(kernel, prefix, { limit: 20 }, signal);
      const found = new Set(variables.map((variable) => variable.name));
      names.replaceChildren(...[...found].map((value) => h('option', { value })));
    } catch (error) {
      if (signal.aborted) return;
      // No name can begin with this text.
      if (error instanceof ProblemError && error.code === 'bad-query') names.replaceChildren();
      else form.after(failureNote(error));
    }
  };
  return form;
}
