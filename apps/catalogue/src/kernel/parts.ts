import {
  carrierReason,
  claimedParts,
  coreOrigin,
  EXTRA_NAMES,
  EXTRAS,
  isExtraName,
  type KernelRecord,
} from '@btf-depot/contracts';
import { h, section } from '../dom.ts';
import { bytes, counted } from '../format.ts';
import { card } from './card.ts';
import { CARDS } from './extra-cards.ts';

const DELIVERIES = {
  builtin: 'The kernel has its core BTF inside (CONFIG_DEBUG_INFO_BTF=y).',
  module: 'The kernel has no BTF inside: core travels in the carrier too.',
};

const ENCODED =
  'The kernel was built without BTF. The depot made core from its debug information, for tools that ' +
  'read files: the carrier is a file for the search path of libbpf, not a module to load.';

const ORIGINS = {
  verbatim: "the kernel's own bytes",
  partition: 'the rest of its full BTF',
  dwarf: 'made from its DWARF',
};

/** The kernel's parts in the depot, a card each; missing parts are named too. */
export function parts(record: KernelRecord): HTMLElement {
  const { core, delivery } = record;
  return section(
    'Contents',
    h('p', { class: 'quiet' }, core.encoded ? ENCODED : DELIVERIES[delivery]),
    claims(record),
    refusedNote(record),
    h(
      'ul',
      { class: 'cards' },
      card(
        'Core',
        bytes(core.size),
        `${counted(core.types, 'type')}, ${ORIGINS[coreOrigin(core)]}`,
      ),
      ...EXTRA_NAMES.flatMap((name) => CARDS[name](record)),
      carrierCard(record),
    ),
  );
}

const NAMES: Record<string, string> = {
  core: 'core',
  ksyms: 'ksyms',
  symbols: 'symbols',
  layout: 'addresses of variables',
  load: 'facts that its carriers need to load',
};

/** Facts that only the sender claims. */
function claims(record: KernelRecord): HTMLElement | undefined {
  const claimed = claimedParts(record).map((name) =>
    isExtraName(name) ? EXTRAS[name].label : (NAMES[name] ?? name),
  );
  if (claimed.length === 0) return undefined;
  const { owner } = record;
  const whose = owner ? `not by its owner, ${owner.principal}` : 'for a kernel that has no owner';
  return h('p', { class: 'note claimed' }, `Claimed, ${whose}: ${claimed.join(', ')}.`);
}

/** Carriers of the build whose BTF was taken, and which are not published themselves. */
function refusedNote({ carrier }: KernelRecord): HTMLElement | undefined {
  const refused = Object.entries(carrier?.refused ?? {});
  if (refused.length === 0) return undefined;
  const each = refused.map(([file, { why }]) => `${file} (${why})`);
  return h('p', { class: 'note' }, `Uploaded, but not published: ${each.join(', ')}.`);
}

function carrierCard({ carrier }: KernelRecord): HTMLElement {
  if (!carrier) return card('Carrier', '–', 'not made yet');
  const { loadable, why, signed } = carrier;
  const untried = why === 'not-tried';
  const what = loadable ? 'loadable' : untried ? 'not tried' : 'for files only';
  // Why there are no ksyms, although the carrier can be loaded.
  const because = why === undefined ? '' : `${loadable ? '; no ksyms' : ''}: ${carrierReason(why)}`;
  return card('Carrier', what, `${signed ? 'signed' : 'not signed'}${because}`);
}
