import type { ExtraName, KernelRecord } from '@btf-depot/contracts';
import { linkTo } from '../address.ts';
import { h } from '../dom.ts';
import { bytes, count } from '../format.ts';
import { card } from './card.ts';

const ORIGINS = { full: "its build's pahole", dwarf: 'its DWARF', partition: 'its BTF' };

/** The page's text about each extra and its companions, and about missing ones. */
export const CARDS: Readonly<Record<ExtraName, (record: KernelRecord) => HTMLElement[]>> = {
  vars(record) {
    const { vars, ksyms } = record.parts;
    const kernel = record.buildId;
    return [
      vars
        ? card(
            h('a', { href: linkTo({ kernel, variables: '' }) }, 'Variables'),
            bytes(vars.size),
            `${count(vars.variables)}, from ${ORIGINS[vars.origin]}`,
          )
        : card('Variables', '–', 'not uploaded'),
      ksyms
        ? card('Ksyms', bytes(ksyms.size), `${count(ksyms.variables)} that BPF programs can name`)
        : card('Ksyms', '–', vars ? 'its symbols are unknown' : 'none without variables'),
    ];
  },
  inlines(record) {
    const { inlines } = record.parts;
    const kernel = record.buildId;
    return [
      inlines
        ? card(
            h('a', { href: linkTo({ kernel, inlined: '' }) }, 'Inlined calls'),
            bytes(inlines.size),
            `${count(inlines.sites)} calls`,
          )
        : card('Inlined calls', '–', 'not uploaded'),
    ];
  },
};
