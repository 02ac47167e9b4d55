import { h, type Child } from './dom.ts';
import { count, percent } from './format.ts';

export interface Bar {
  label: Child;
  value: number;
  /** The text beside it; by default the value. */
  text?: string;
}

/** Bars beside their numbers, in the given order; the longest takes the whole width. */
export function bars(title: string, rows: readonly Bar[]): HTMLElement {
  const longest = Math.max(1, ...rows.map(({ value }) => value));
  return figure(
    title,
    h(
      'table',
      { class: 'bars' },
      h('caption', { class: 'offscreen' }, title),
      h(
        'tbody',
        {},
        ...rows.map(({ label, value, text }) =>
          h(
            'tr',
            {},
            h('th', { scope: 'row' }, label),
            h('td', { class: 'number' }, text ?? count(value)),
            h('td', { 'aria-hidden': 'true' }, bar(value / longest)),
          ),
        ),
      ),
    ),
  );
}

export interface Share {
  label: string;
  value: number;
  /** A missing part, shown unlike the others. */
  isMissing?: boolean;
}

/** One bar of the whole, and a list of its parts. */
export function shares(title: string, all: readonly Share[]): HTMLElement {
  const parts = all.filter(({ value }) => value > 0);
  const whole = parts.reduce((sum, { value }) => sum + value, 0);
  const strip = h('div', { class: 'strip', 'aria-hidden': 'true' });
  const legend = h('ul', { class: 'legend' });
  for (const [index, { label, value, isMissing }] of parts.entries()) {
    const tone = isMissing ? 'missing' : `tone${index % 6}`;
    const piece = h('span', { class: tone });
    piece.style.flexGrow = String(value);
    strip.append(piece);
    legend.append(
      h(
        'li',
        {},
        h('span', { class: `swatch ${tone}`, 'aria-hidden': 'true' }),
        `${label} `,
        h('b', {}, count(value)),
        h('span', { class: 'quiet' }, ` ${percent(value, whole)}`),
      ),
    );
  }
  return figure(title, strip, legend);
}

/** @param share of the width, 0 to 1. */
export function bar(share: number): HTMLElement {
  const filled = h('span', {});
  filled.style.width = `${(100 * share).toFixed(2)}%`;
  return h('span', { class: 'bar' }, filled);
}

function figure(title: string, ...children: readonly Child[]): HTMLElement {
  return h('figure', {}, h('figcaption', {}, title), ...children);
}
