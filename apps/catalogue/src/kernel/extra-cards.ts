import { extraOf, type ExtraName, type KernelRecord } from '@btf-depot/contracts';
import { linkTo } from '../address.ts';
import { h } from '../dom.ts';
import { bytes, count } from '../format.ts';
import { card } from './card.ts';

const ORIGINS = { full: "its build's pahole", dwarf: 'its DWARF', partition: 'its BTF' };

/** What the page says of each extra and its companions, and of those that a kernel lacks. */
export const CARDS: Readonly<Record<ExtraName, (record: KernelRecord) => HTMLElement[]>> = {
  vars(record) {
    const { ksyms, buildId: kernel } = record;
    const vars = extraOf(record, 'vars');
    return [
      vars
        ? card(
            h('a', { href: linkTo({ kernel, variables: '' }) }, 'Variables'),
            bytes(vars.size),
            `${count(vars.variables)}, from ${ORIGINS[vars.origin]}`,
          )
        : card('Variables', '–', 'it came without'),
      ksyms
        ? card('Ksyms', bytes(ksyms.size), `${count(ksyms.variables)} that BPF programs can name`)
        : card('Ksyms', '–', vars ? 'its symbols are not known' : 'none without variables'),
    ];
  },
  inlines(record) {
    const { buildId: kernel } = record;
    const inlines = extraOf(record, 'inlines');
    return [
      inlines
        ? card(
            h('a', { href: linkTo({ kernel, inlined: '' }) }, 'Inlined calls'),
            bytes(inlines.size),
            `${count(inlines.sites)} sites`,
          )
        : card('Inlined calls', '–', 'it came without'),
    ];
  },
};
