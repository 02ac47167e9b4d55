import type { ImportedItem, ImportProgress } from '@btf-depot/exchange';
import { faultLine, formatBytes, formatCount, note, printable } from '../../terminal/output.ts';

/** Moves to the beginning of the line, and clears it. */
const CLEAR = '\r\x1b[K';
const EVERY_MS = 250;

/** One line that changes, on a terminal; nothing elsewhere. */
export function importLine(isVisible: boolean, stream: NodeJS.WritableStream = process.stderr) {
  let told = 0;
  return {
    show({ item, stage, done, allDone, all, leftMs }: ImportProgress): void {
      const now = performance.now();
      if (!isVisible || (stage === 'downloading' && now - told < EVERY_MS && done < item.size))
        return;
      told = now;
      const left = leftMs === undefined ? '' : `, ${Math.ceil(leftMs / 1000)} s left`;
      const of =
        stage === 'downloading'
          ? `downloading ${formatBytes(allDone)} of ${formatBytes(all)}${left}`
          : 'splitting';
      stream.write(`${CLEAR}${printable(item.release)}: ${of}`);
    },
    clear(): void {
      if (isVisible) stream.write(CLEAR);
    },
  };
}

/** The outcome of a package, for people. */
export function tellItem({ item, outcome, kernels, error }: ImportedItem): void {
  if (outcome === 'present') return;
  const name = printable(item.release);
  if (outcome === 'planned') {
    note(`${name}: ${formatBytes(item.size)}, ${printable(item.name)} ${printable(item.version)}`);
    return;
  }
  for (const kernel of kernels) {
    if (kernel.error) note(`${name}: ${faultLine(kernel.error.message, kernel.error.code)}`);
    else {
      const found =
        kernel.variables === undefined
          ? 'no variables'
          : `${formatCount(kernel.variables)} variables`;
      note(`${name}: build ID ${kernel.buildId ?? ''}, ${found}: ready`);
    }
  }
  if (error && kernels.length === 0)
    note(`${name}: ${outcome}: ${faultLine(error.message, error.code)}`);
}
