import type { DepotClient } from '@btf-depot/client';
import {
  ARTIFACTS,
  CARRIER_FILES,
  type ArtifactEntry,
  type KernelRecord,
} from '@btf-depot/contracts';
import { routeOf } from '../address.ts';
import { bar } from '../charts.ts';
import { hash } from '../copy.ts';
import { h, section, type Child } from '../dom.ts';
import { count } from '../format.ts';
import { checkedDownload } from './checked-download.ts';

const ABOUT = {
  'btf_vmlinux.ko': 'Carrier with all of it',
  'btf_vmlinux_ksyms.ko': 'Carrier with the variables for BPF programs, for devices',
  'btf_vmlinux_inline.ko': 'Carrier with inlined calls',
} as const satisfies Record<(typeof CARRIER_FILES)[number], string>;

type Named = [name: string, entry: ArtifactEntry];

/** Every file, its size compared with the others of its group; carriers by compression. */
export function artifactSections(client: DepotClient, record: KernelRecord): Child[] {
  const order: readonly string[] = Object.keys(ARTIFACTS);
  // Signatures are not in it, and come last.
  const rank = (name: string) => (order.includes(name) ? order.indexOf(name) : order.length);
  const all = Object.entries(record.artifacts).sort(([a], [b]) => rank(a) - rank(b));
  if (all.length === 0) return [];
  const isOf = (carrier: string, name: string) =>
    name === carrier || name.startsWith(`${carrier}.`);
  const groups = CARRIER_FILES.map(
    (carrier) => [ABOUT[carrier], all.filter(([name]) => isOf(carrier, name))] as const,
  );
  const grouped = new Set(groups.flatMap(([, files]) => files.map(([name]) => name)));
  const rest = all.filter(([name]) => !grouped.has(name));
  const plain = rest.filter(([name]) => name.startsWith('vmlinux.'));
  const others = rest.filter(([name]) => !name.startsWith('vmlinux.'));
  const row = (named: Named, largest: number) =>
    artifactRow(client, record.buildId, named, largest);
  const table = (title: string, files: readonly Named[], more: readonly HTMLElement[] = []) => {
    const largest = Math.max(1, ...files.map(([, { size }]) => size));
    return (
      files.length > 0 &&
      artifactTable(title, [...files.map((named) => row(named, largest)), ...more])
    );
  };
  return [
    section('Carriers', ...groups.map(([title, files]) => table(title, files))),
    section(
      'BTF and signatures',
      table('BTF', plain, record.parts.vars ? [mergedRow(record.buildId)] : []),
      table('Lists and signatures', others),
    ),
  ];
}

function artifactTable(title: string, rows: readonly HTMLElement[]): HTMLElement {
  const heads = ['File', 'Bytes', 'SHA-256', 'Download'];
  return h(
    'table',
    { class: 'artifacts' },
    h('caption', {}, title),
    h('thead', {}, h('tr', {}, ...heads.map((text) => h('th', { scope: 'col' }, text)))),
    h('tbody', {}, ...rows),
  );
}

/** Core and variables in one file: made from the files above, so the manifest does not name it. */
function mergedRow(buildId: string): HTMLElement {
  const name = 'vmlinux.full.btf';
  return h(
    'tr',
    {},
    h('th', { scope: 'row' }, h('a', { href: routeOf(buildId, name), download: name }, name)),
    h('td', { class: 'merged', colspan: 3 }, 'core and variables in one BTF, made on request'),
  );
}

function artifactRow(
  client: DepotClient,
  buildId: string,
  [name, { size, sha256 }]: Named,
  largest: number,
): HTMLElement {
  return h(
    'tr',
    {},
    h('th', { scope: 'row' }, h('a', { href: routeOf(buildId, name), download: name }, name)),
    h(
      'td',
      { class: 'size' },
      h('span', { class: 'number', title: `${size} bytes` }, count(size)),
      h('span', { 'aria-hidden': 'true' }, bar(size / largest)),
    ),
    h('td', { class: 'digest' }, hash(sha256, `SHA-256 of ${name}`)),
    h('td', { class: 'get' }, checkedDownload(client, buildId, name)),
  );
}
