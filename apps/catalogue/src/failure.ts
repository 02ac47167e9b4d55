import { ProblemError } from '@btf-depot/client';
import { isProblemCode, PROBLEMS } from '@btf-depot/contracts';
import { h } from './dom.ts';
import type { View } from './view.ts';

/** A failure in the depot's own words, with its code for reports. */
export function failureView(error: unknown): View {
  return {
    title: 'BTF Depot',
    children: [h('h1', {}, 'Unexpected error'), failureNote(error)],
  };
}

export function failureNote(error: unknown): HTMLElement {
  const isProblem = error instanceof ProblemError;
  const passing = isProblem && (error.status === 0 || error.status === 429 || error.status >= 500);
  return h(
    'div',
    { class: 'note bad', role: 'alert' },
    h('p', {}, error instanceof Error ? error.message : String(error)),
    isProblem && codeNote(error.code, error.title),
    passing && h('p', {}, h('a', { href: location.search || '?' }, 'Try again')),
  );
}

/** A code and its meaning, unless the text before has it. */
export function codeNote(code: string, said?: string): HTMLElement {
  const meaning = isProblemCode(code) ? PROBLEMS[code].title : undefined;
  return h(
    'p',
    { class: 'quiet' },
    ...(meaning === undefined || meaning === said ? [] : [`${meaning}. `]),
    'Code: ',
    h('code', {}, code),
  );
}
