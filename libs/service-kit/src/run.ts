import type { z } from 'zod';
import type { Router } from 'express';
import { adminSettings, startAdmin } from './admin.ts';
import { createLogger, type Logger } from './logger.ts';
import { Metrics } from './metrics/metrics.ts';
import {
  listenSettings,
  logSettings,
  readSettings,
  SettingsError,
  type Settings,
} from './settings.ts';

/** What a started service gives back: how to end it in order. */
export interface Running {
  close(): Promise<void>;
}

const commonSettings = { ...listenSettings, ...logSettings, ...adminSettings };

type CommonSettings = Settings<typeof commonSettings>;

/**
 * A service's main: reads its settings from the environment, starts it, runs it until a signal.
 *
 * @param shape of the settings beyond those that every service has: address, port, log level.
 * @param start may return a router for the admin listener.
 */
export async function runService<Shape extends z.ZodRawShape>(
  name: string,
  shape: Shape,
  start: (
    settings: CommonSettings & Settings<Shape>,
    log: Logger,
    metrics: Metrics,
  ) => Promise<Running & { admin?: Router }>,
): Promise<void> {
  let settings: CommonSettings & Settings<Shape>;
  try {
    settings = readSettings({ ...commonSettings, ...shape }, process.env);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    process.stderr.write(`${name} cannot start, settings are wrong:\n${error.message}\n`);
    process.exitCode = 1;
    return;
  }
  const log = createLogger(name, settings.BTFDEPOT_LOG_LEVEL);
  try {
    await runUntilSignal(log, async () => {
      const metrics = new Metrics();
      const running = await start(settings, log, metrics);
      const { admin: router } = running;
      const admin = await startAdmin(settings, { metrics, log, ...(router && { router }) });
      return {
        async close() {
          await running.close();
          await admin.close();
        },
      };
    });
  } catch (error) {
    log.fatal({ err: error }, 'cannot start');
    // What was begun before that, as threads and connections, would keep the process for ever.
    process.exit(1);
  }
}

/**
 * Starts, waits for SIGTERM or SIGINT, closes in order and exits. A second signal exits at once.
 * Rejects where the start fails.
 */
export async function runUntilSignal(log: Logger, start: () => Promise<Running>): Promise<void> {
  const signalled = new Promise<NodeJS.Signals>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) {
      process.once(name, () => {
        resolve(name);
        process.once(name, () => process.exit(1));
      });
    }
  });
  const running = await start();
  const signal = await signalled;
  log.info({ signal }, 'stopping');
  await running.close();
  log.info('stopped');
  process.exit(0);
}
