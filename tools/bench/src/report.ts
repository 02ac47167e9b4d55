import type { BenchResult } from './bench.ts';

const HEAD = ['', 'ours', 'peer', 'ratio', 'goal'];

/** A table for each bench. */
export function formatResults(results: readonly (BenchResult & { bench: string })[]): string {
  return results.map((result) => `${result.bench}: ${result.on}\n${formatRows(result)}\n`).join('');
}

function formatRows({ rows }: BenchResult): string {
  const cells = [
    HEAD,
    ...rows.map(({ what, unit, ours, peer, ratio, goal = '' }) => [
      what,
      `${formatNumber(ours)} ${unit}`,
      peer ? `${formatNumber(peer.value)} ${unit} (${peer.name})` : '',
      ratio === undefined ? '' : ratio.toFixed(2),
      goal,
    ]),
  ];
  const widths = HEAD.map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  return cells
    .map((row) =>
      `  ${row.map((cell, column) => cell.padEnd(widths[column])).join('  ')}`.trimEnd(),
    )
    .join('\n');
}

function formatNumber(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: value < 10 ? 2 : 0 });
}
