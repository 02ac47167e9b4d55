import { pino, destination, type Logger } from 'pino';

export type { Logger };

/** Structured log, a JSON object a line, on standard error: standard output is for results. */
export function createLogger(name: string, level: string): Logger {
  return pino({ name, level }, destination({ fd: 2, sync: false }));
}
