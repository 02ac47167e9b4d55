import { h, type Child } from '../dom.ts';

/** A part of a kernel, or that the kernel lacks it. */
export function card(title: Child, main: string, detail: string): HTMLElement {
  return h('li', {}, h('h3', {}, title), h('p', { class: 'big' }, main), h('p', {}, detail));
}
