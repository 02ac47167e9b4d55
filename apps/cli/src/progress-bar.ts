import cliProgress from 'cli-progress';
import { formatBytes, formatCount } from './output.ts';

/** What is counted: bytes that are sent, units of DWARF that are split. */
type Stage = 'send' | 'split';

const STAGES = {
  send: { says: '{shown} of {size}', format: formatBytes },
  split: { says: 'splitting, {shown} of {size} units', format: formatCount },
};

export interface ProgressBar {
  /** Shows nothing of a stage whose total is not known. */
  show(stage: Stage, done: number, total: number): void;
  stop(): void;
}

/** A bar on a terminal, nothing elsewhere: logs are read later, without it. */
export function progressBar(file: string, visible: boolean): ProgressBar {
  let shown: { stage: Stage; bar: cliProgress.SingleBar } | undefined;
  const stop = () => {
    shown?.bar.stop();
    shown = undefined;
  };
  return {
    show(stage, done, total) {
      if (!visible || total === 0) return;
      const { says, format } = STAGES[stage];
      const payload = { shown: format(done), size: format(total) };
      if (shown?.stage === stage) {
        shown.bar.update(done, payload);
        return;
      }
      stop();
      const bar = new cliProgress.SingleBar({
        format: `${file} [{bar}] {percentage}% ${says}, {eta_formatted} left`,
        clearOnComplete: true,
        stream: process.stderr,
      });
      bar.start(total, done, payload);
      shown = { stage, bar };
    },
    stop,
  };
}

/** Whether somebody watches. */
export function isWatched({ json }: { json?: boolean }): boolean {
  return json !== true && process.stderr.isTTY;
}
