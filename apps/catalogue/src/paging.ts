import { linkTo, type Place } from './address.ts';
import { h } from './dom.ts';

/** The link to the rest of a list, and back to its start. */
export function nextPage(place: Place, next: string | undefined): HTMLElement | undefined {
  const { page, ...start } = place;
  if (page === undefined && next === undefined) return undefined;
  return h(
    'nav',
    { class: 'pages', 'aria-label': 'Pages' },
    page !== undefined && h('a', { href: linkTo(start) }, 'First page'),
    next !== undefined &&
      h('a', { href: linkTo({ ...start, page: next }), rel: 'next' }, 'Next page'),
  );
}
