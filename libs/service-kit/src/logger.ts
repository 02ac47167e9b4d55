import { pino, destination, stdTimeFunctions, type Logger } from 'pino';

export type { Logger };

/** Structured log, a JSON object a line, on standard error: standard output is for results. */
export function createLogger(name: string, level: string): Logger {
  return pino({ name, level }, destination({ fd: 2, sync: false }));
}

/**
 * The audit log: a JSON object for each change, appended to a file whatever the log's level, before
 * the change is answered; without a file, in the log itself.
 */
export function auditLog(path: string | undefined, log: Logger): Logger {
  if (path === undefined) return log;
  const file = destination({ dest: path, append: true, mkdir: true, sync: true });
  return pino({ base: null, level: 'info', timestamp: stdTimeFunctions.isoTime }, file);
}
