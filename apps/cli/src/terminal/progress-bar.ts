import cliProgress from 'cli-progress';
import { formatBytes, formatCount, printable } from './output.ts';

/** The unit that is counted: bytes sent or received, DWARF units split or encoded. */
type Stage = keyof typeof STAGES;

const STAGES = {
  download: { says: 'downloading {shown} of {size}', format: formatBytes },
  encode: { says: 'encoding, {shown} of {size} units', format: formatCount },
  send: { says: '{shown} of {size}', format: formatBytes },
  split: { says: 'splitting, {shown} of {size} units', format: formatCount },
};

/** Moves to the beginning of the line, and clears it. */
const CLEAR = '\r\x1b[K';

export interface ProgressBar {
  /** Shows nothing for a stage of unknown total. */
  show(stage: Stage, done: number, total: number): void;
  /** Shows the current work and its seconds, if the total is unknown. */
  busy(what: string): void;
  stop(): void;
}

/** A bar on a terminal, nothing elsewhere: logs are read later, without it. */
export function progressBar(
  file: string,
  visible: boolean,
  stream: NodeJS.WritableStream = process.stderr,
): ProgressBar {
  let shown: { stage: Stage; bar: cliProgress.SingleBar } | undefined;
  let ticking: { what: string; timer: NodeJS.Timeout } | undefined;
  const stop = () => {
    shown?.bar.stop();
    shown = undefined;
    if (!ticking) return;
    clearInterval(ticking.timer);
    ticking = undefined;
    stream.write(CLEAR);
  };
  return {
    busy(what) {
      if (!visible || ticking?.what === what) return;
      stop();
      const began = Date.now();
      const say = () => {
        const seconds = Math.round((Date.now() - began) / 1000);
        stream.write(`${CLEAR}${printable(file)}: ${what}${seconds > 0 ? `, ${seconds} s` : ''}`);
      };
      say();
      ticking = { what, timer: setInterval(say, 1000).unref() };
    },
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
        formatTime,
        clearOnComplete: true,
        stream,
      });
      bar.start(total, done, payload);
      shown = { stage, bar };
    },
    stop,
  };
}

/** The library's own format, except for unknown times, which it calls NULL and INF. */
export function formatTime(...given: Parameters<cliProgress.TimeFormatter>): string {
  return Number.isFinite(given[0]) ? cliProgress.Format.TimeFormat(...given) : '?';
}

/** Whether somebody watches. */
export function isWatched({ json }: { json?: boolean }): boolean {
  return json !== true && process.stderr.isTTY;
}
