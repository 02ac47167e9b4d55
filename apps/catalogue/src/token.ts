import { h } from './dom.ts';
import type { View } from './view.ts';
import type { ProblemError } from '@btf-depot/client';

const KEY = 'btf-depot-token';

/** The token for a depot that only token holders may read, kept until the tab is closed. */
export function keptToken(): string | undefined {
  try {
    return sessionStorage.getItem(KEY) ?? undefined;
  } catch {
    // Browsers that keep no data of a page refuse even to open its storage.
    return undefined;
  }
}

export function forgetToken(): void {
  sessionStorage.removeItem(KEY);
  location.reload();
}

/** Asks for a token, with the fault of the last one. */
export function tokenView({ status, detail }: ProblemError, given: string | undefined): View {
  const heading =
    status === 403
      ? 'This token does not allow it'
      : given === undefined
        ? 'This depot asks for a token'
        : 'This token is not valid';
  // Without a name, so that it gets into no address.
  const input = h('input', {
    type: 'password',
    autocomplete: 'off',
    required: true,
    pattern: '\\s*btfd_\\w+\\s*',
    title: 'begins with btfd_',
    placeholder: 'btfd_…',
  });
  const outcome = h('p', { role: 'alert' });
  const form = h(
    'form',
    { class: 'search' },
    h('label', {}, h('span', {}, 'Token'), input),
    h('button', { type: 'submit' }, 'Use it'),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    try {
      sessionStorage.setItem(KEY, input.value.trim());
      location.reload();
    } catch {
      outcome.textContent = 'This browser cannot keep the token, not even until the tab is closed.';
    }
  });
  return {
    title: 'Token · BTF Depot',
    children: [
      h('h1', {}, heading),
      given !== undefined &&
        h('div', { class: 'note bad', role: 'alert' }, h('p', {}, `The depot says: ${detail}.`)),
      h(
        'p',
        {},
        'The operator of the depot makes one: ',
        h('code', {}, 'btfdepot token create NAME --scopes read'),
        '. The page sends it to this depot only, and forgets it when the tab is closed.',
      ),
      form,
      outcome,
    ],
  };
}
