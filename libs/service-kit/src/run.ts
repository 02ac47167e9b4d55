import { parseArgs } from 'node:util';
import type { z } from 'zod';
import type { Router } from 'express';
import { startAdmin } from './admin.ts';
import { createLogger, type Logger } from './logger.ts';
import { Metrics } from './metrics/metrics.ts';
import type { commonSettings } from './settings/common.ts';
import { readSettings, SettingsError, type Settings } from './settings/declare.ts';
import { flagHelp, settingsHelp } from './settings/describe.ts';

/** A running service, with its orderly end. */
export interface Running {
  /** Continues to serve, and reports that it will stop soon. */
  drain?(): Promise<void>;
  close(): Promise<void>;
}

type CommonSettings = Settings<typeof commonSettings>;

interface Service<Shape extends z.ZodRawShape> {
  name: string;
  /** A sentence for `--help`. */
  purpose: string;
  settings: Shape;
  /** Options of the command line, each with the setting that it overrides. */
  flags?: Record<string, keyof Shape & string>;
}

/**
 * A service's main: reads its settings from the environment, starts it, runs it until a signal.
 *
 * @param start may return a router for the admin listener.
 */
export async function runService<Shape extends typeof commonSettings>(
  service: Service<Shape>,
  start: (
    settings: CommonSettings & Settings<Shape>,
    log: Logger,
    metrics: Metrics,
  ) => Promise<Running & { admin?: Router }>,
): Promise<void> {
  const { name } = service;
  let settings: CommonSettings & Settings<Shape>;
  try {
    const given = readFlags(service);
    if (given === 'help') {
      process.stdout.write(serviceHelp(service));
      return;
    }
    const read = readSettings(service.settings, { ...process.env, ...given });
    settings = read;
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    process.stderr.write(`${name} cannot start with these settings:\n${error.message}\n`);
    process.exitCode = 1;
    return;
  }
  const log = createLogger(name, settings.BTFDEPOT_LOG_LEVEL);
  try {
    await runUntilSignal(log, async () => {
      const metrics = new Metrics();
      const running = await start(settings, log, metrics);
      const admin = await startAdmin(settings, { metrics, log, router: running.admin });
      return {
        drain: async () => running.drain?.(),
        async close() {
          await running.close();
          await admin.close();
        },
      };
    });
  } catch (error) {
    log.fatal({ err: error }, 'cannot start');
    // Threads and connections that were already started would keep the process alive.
    process.exit(1);
  }
}

/**
 * Starts, waits for SIGTERM or SIGINT, closes in order and exits. It drains first after SIGTERM,
 * since no person waits then. A second signal exits at once. Rejects if the start fails.
 */
export async function runUntilSignal(log: Logger, start: () => Promise<Running>): Promise<void> {
  const signalled = new Promise<NodeJS.Signals>((resolve) => {
    let signals = 0;
    for (const name of ['SIGTERM', 'SIGINT'] as const) {
      process.on(name, () => {
        if (signals++ > 0) process.exit(1);
        resolve(name);
      });
    }
  });
  const running = await start();
  const signal = await signalled;
  log.info({ signal }, 'stopping');
  if (signal === 'SIGTERM') await running.drain?.();
  await running.close();
  log.info('stopped');
  process.exit(0);
}

/** @throws SettingsError for unknown options. */
function readFlags<Shape extends z.ZodRawShape>({ flags = {} }: Service<Shape>) {
  const options = Object.fromEntries(
    Object.keys(flags).map((flag) => [flag, { type: 'string' as const }]),
  );
  try {
    const { values } = parseArgs({
      options: { ...options, help: { type: 'boolean' as const, short: 'h' } },
    });
    if (values.help) return 'help';
    return Object.fromEntries(
      Object.entries(flags).flatMap(([flag, setting]) => {
        const value = (values as Record<string, string | undefined>)[flag];
        return value === undefined ? [] : [[setting, value]];
      }),
    );
  } catch (error) {
    throw new SettingsError(error instanceof Error ? error.message : String(error));
  }
}

function serviceHelp<Shape extends z.ZodRawShape>(service: Service<Shape>): string {
  const { name, purpose, settings, flags = {} } = service;
  const options = Object.entries(flags).map(
    ([flag, setting]) => `  --${flag} VALUE\n      ${flagHelp(setting, settings[setting])}\n`,
  );
  return (
    `btf-depot ${name}: ${purpose}\n\nOptions:\n${options.join('')}` +
    `  -h, --help\n      Prints this.\n\n${settingsHelp(settings)}`
  );
}
