import { amountOf, extrasOf, type KernelRecord } from '@btf-depot/contracts';
import { formatBytes, formatCount, formatTable, printable } from './output.ts';

/** What a depot has of a kernel, as a person would want to see it. */
export function describeKernel(record: KernelRecord): string {
  const { buildId, release, distro, arch, delivery, core } = record;
  const who = [distro, release, arch].filter((word) => word !== undefined).join(' ');
  const head = `${printable(who) || 'kernel'}, build ID ${buildId}, revision ${record.revision}: ${record.state}\n`;
  const rows = [
    ['  core BTF', formatBytes(core.size), `${formatCount(core.types)} types, ${delivery}`],
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
  const failure = record.failure ? `  ${printable(record.failure.message)}\n` : '';
  return head + formatTable(rows, [1]) + failure;
}
