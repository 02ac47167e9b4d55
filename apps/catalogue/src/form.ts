import { h, type Child } from './dom.ts';

type Attributes = Parameters<typeof h>[1];

/** A form whose fields become the page's address; empty fields do not. */
export function formOf(attributes: Attributes, ...children: readonly Child[]): HTMLFormElement {
  const form = h('form', { ...attributes, method: 'get', action: '' }, ...children);
  form.addEventListener('formdata', ({ formData }) => {
    for (const [name, value] of [...formData]) if (value === '') formData.delete(name);
  });
  return form;
}

/** A line of text with its label. */
export function field(label: string, input: Attributes): HTMLElement {
  const plain = { type: 'text', autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false' };
  return h('label', {}, h('span', {}, label), h('input', { ...plain, ...input }));
}
