import type { KernelRecord } from '@btf-depot/contracts';
import { hash } from '../copy.ts';
import { facts, h, section } from '../dom.ts';
import { bytes, moment } from '../format.ts';

/** The kernel's sources, as far as they are public. */
export function origin(record: KernelRecord): HTMLElement {
  const { carrier, core, owner, sources, uploadedAt, readyAt, keptUntil } = record;
  return section(
    'Origin',
    facts([
      ['Owner', owner?.principal],
      ['Sent', moment(uploadedAt)],
      ['Ready', readyAt === undefined ? undefined : moment(readyAt)],
      ['Kept until', keptUntil === undefined ? undefined : moment(keptUntil)],
      ['Core', hash(core.sha256, 'SHA-256 of core')],
      ['Module', carrier?.moduleName],
      ['Vermagic', carrier?.vermagic ?? carrier?.load?.vermagic],
    ]),
    h(
      'ul',
      { class: 'sources', 'aria-label': 'Files that were sent' },
      ...sources.map((source) =>
        h(
          'li',
          {},
          h('b', {}, source.package ?? source.part),
          ` ${bytes(source.size)}, ${source.kind}, ${moment(source.at)}, ${byWhom(source)}${source.encoder} `,
          hash(source.sha256, `SHA-256 of the ${source.part} that was sent`),
        ),
      ),
    ),
  );
}

function byWhom({ by, claimed }: KernelRecord['sources'][number]): string {
  if (by === undefined) return '';
  return `by ${by}${claimed ? ' (a claim)' : ''}, `;
}
