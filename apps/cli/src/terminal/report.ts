import {
  amountOf,
  encodedLeftOut,
  extrasOf,
  type KernelRecord,
  type UploadReport,
} from '@btf-depot/contracts';
import { formatBytes, formatCount, formatTable, printable } from './output.ts';

/** A kernel's state in a depot, for people. */
export function describeKernel(record: KernelRecord): string {
  const { buildId, release, distro, arch, delivery, core } = record;
  const who = [distro, release, arch].filter((word) => word !== undefined).join(' ');
  const head = `${printable(who) || 'kernel'}, build ID ${buildId}, revision ${record.revision}: ${record.state}\n`;
  const rows = [
    [
      '  core BTF',
      formatBytes(core.size),
      `${formatCount(core.types)} types, ${core.encoded ? 'made of its DWARF' : delivery}`,
    ],
    ...[...extrasOf(record)].map(([name, extra]) => {
      const { what, amount } = amountOf(name, extra);
      return [
        `  ${printable(name)}`,
        formatBytes(extra.size),
        `${formatCount(amount)} ${what}, ${formatCount(extra.types ?? 0)} types`,
      ];
    }),
    ...Object.entries(record.artifacts)
      .filter(([name]) => name.endsWith('.ko') || name.includes('.ko.'))
      .map(([name, { size }]) => [`  ${printable(name)}`, formatBytes(size), '']),
  ];
  const refused = Object.entries(record.carrier?.refused ?? {}).map(
    ([file, { why }]) => `  ${printable(file)}: uploaded, but not published: ${printable(why)}\n`,
  );
  const encoded = describeEncoded(core);
  const failure = record.failure ? `  ${printable(record.failure.message)}\n` : '';
  return head + formatTable(rows, [1]) + encoded + refused.join('') + failure;
}

/** The kernel's functions that an encoded core lacks, and why. */
function describeEncoded({ encoded }: KernelRecord['core']): string {
  if (!encoded) return '';
  const left = encodedLeftOut(encoded).map(([why, count]) => `${formatCount(count)} ${why}`);
  const rules = `by the rules of pahole ${printable(encoded.rules)}`;
  return `  the kernel has no BTF inside; functions ${rules}${left.length > 0 ? `, without ${left.join(', ')}` : ''}\n`;
}

/** A file as it was named, and the file of its kernel inside. */
export function shownFile({ file, name }: { file: string; name?: string | undefined }): string {
  return name === undefined ? file : `${file}: ${printable(name)}`;
}

/** The outcome of each file in an upload; useless ones are named too. */
export function describeReport({ used, passedOver, missing = [] }: UploadReport): string {
  const nameOf = (name: string | undefined) => (name === undefined ? '' : ` ${printable(name)}`);
  const isPlain = used.length === 1 && used[0]?.name === undefined;
  const lines = [
    ...(isPlain ? [] : used.map(({ as, name, kind }) => `  used${nameOf(name ?? kind)}, as ${as}`)),
    ...passedOver.map(({ name, reason, count }) => {
      const more = count > 1 ? ` and ${formatCount(count - 1)} more` : '';
      return `  ignored${nameOf(name)}${more}: ${printable(reason)}`;
    }),
    ...missing.map(({ part, reason }) => `  no ${printable(part)}: ${printable(reason)}`),
  ];
  return lines.join('\n');
}
