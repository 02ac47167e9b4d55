import { claimedParts, type KernelRecord } from '@btf-depot/contracts';
import { linkTo } from '../address.ts';
import { h, section, type Child } from '../dom.ts';
import { bytes, count, counted } from '../format.ts';

const DELIVERIES = {
  builtin: 'The kernel has its core BTF inside (CONFIG_DEBUG_INFO_BTF=y).',
  module: 'The kernel has no BTF inside: core travels in the carrier too.',
};

/** What the depot has of the kernel, a card each; what it lacks is said too. */
export function parts(record: KernelRecord): HTMLElement {
  const { core, ksyms, inlines, delivery, buildId: kernel } = record;
  const vars = Object.hasOwn(record.extras, 'vars') ? record.extras.vars : undefined;
  return section(
    'What there is',
    h('p', { class: 'quiet' }, DELIVERIES[delivery]),
    claims(record),
    h(
      'ul',
      { class: 'cards' },
      card('Core', bytes(core.size), `${counted(core.types, 'type')}, ${core.origin}`),
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
      inlines
        ? card(
            h('a', { href: linkTo({ kernel, inlined: '' }) }, 'Inlined calls'),
            bytes(inlines.size),
            `${count(inlines.sites)} sites`,
          )
        : card('Inlined calls', '–', 'it came without'),
      carrierCard(record),
    ),
  );
}

const NAMES: Record<string, string> = {
  core: 'core',
  vars: 'variables',
  ksyms: 'ksyms',
  symbols: 'symbols',
  inlines: 'inlined calls',
  load: 'what makes the kernel load its carriers',
};

/** What of the kernel nobody but its sender vouches for. */
function claims(record: KernelRecord): HTMLElement | undefined {
  const claimed = claimedParts(record).map((name) => NAMES[name] ?? name);
  if (claimed.length === 0) return undefined;
  const { owner } = record;
  const whose = owner ? `not by its owner, ${owner.principal}` : 'for a kernel that has no owner';
  return h('p', { class: 'note claimed' }, `Claimed, ${whose}: ${claimed.join(', ')}.`);
}

const ORIGINS = { full: "its build's pahole", dwarf: 'its DWARF', partition: 'its BTF' };

const UNTRIED = 'no kernel of this architecture was seen to load one';

function carrierCard({ carrier }: KernelRecord): HTMLElement {
  if (!carrier) return card('Carrier', '–', 'not made yet');
  const { loadable, why, signed } = carrier;
  const untried = why === 'not-tried';
  const what = loadable ? 'loadable' : untried ? 'not tried' : 'for files only';
  const because = why === undefined ? '' : `: ${untried ? UNTRIED : why}`;
  return card('Carrier', what, `${signed ? 'signed' : 'not signed'}${because}`);
}

function card(title: Child, main: string, detail: string): HTMLElement {
  return h('li', {}, h('h3', {}, title), h('p', { class: 'big' }, main), h('p', {}, detail));
}
