import { z } from 'zod';
import { COMPUTE_LIMITS, type ComputeLimits } from './compute/pool.ts';
import { allowedHosts } from './foreign-pages.ts';

/** A setting is wrong: the service does not start, and says which and why. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  readonly code = 'bad-settings';
}

const units: Record<string, number> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** Bytes, with an optional unit: `512`, `64k`, `256m`, `2g` (powers of 1024). */
export const byteSize = z.string().transform((text, context) => {
  const match = /^(\d{1,12})([kmg]?)$/i.exec(text.trim());
  if (!match) {
    context.addIssue(`expected bytes such as 512, 64k, 256m or 2g, got ${JSON.stringify(text)}`);
    return z.NEVER;
  }
  return Number(match[1]) * (units[match[2]?.toLowerCase() ?? ''] ?? 1);
});

/** A whole number in decimal. */
export function wholeNumber(least: number, most: number) {
  return z
    .string()
    .regex(/^\d{1,9}$/, { error: 'expected a whole number' })
    .transform(Number)
    .pipe(z.number().min(least).max(most));
}

/** Time in seconds, fractions allowed, as milliseconds. */
export const seconds = z
  .string()
  .regex(/^\d{1,7}(\.\d+)?$/, { error: 'expected seconds' })
  .transform((text) => Math.round(Number(text) * 1000));

/** Where a service listens. */
export const listenSettings = {
  BTFDEPOT_HOST: z.string().default('127.0.0.1'),
  BTFDEPOT_PORT: wholeNumber(0, 65535).prefault('8080'),
  /**
   * Whose `X-Forwarded-For` is believed: addresses, networks or `loopback`, commas between them.
   * None: clients are known by the address that connects.
   */
  BTFDEPOT_TRUSTED_PROXIES: z
    .string()
    .regex(/^[\w.:/, ]*$/, { error: 'expected addresses, commas between them' })
    .transform((text) => text.split(',').flatMap((one) => one.trim() || []))
    .prefault(''),
  /**
   * Names under which browsers reach the service besides loopback's and its own, as that of a reverse
   * proxy: names or addresses, each perhaps with a port, commas between them.
   */
  BTFDEPOT_ALLOWED_HOSTS: allowedHosts,
};

export const logSettings = {
  BTFDEPOT_LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info'),
};

/** What `readSettings` makes of a shape. */
export type Settings<Shape extends z.ZodRawShape> = {
  [Name in keyof Shape]: z.output<Shape[Name]>;
};

/**
 * Reads a service's settings from environment variables, all at once.
 * @throws SettingsError that names every variable that is wrong.
 */
export function readSettings<Shape extends z.ZodRawShape>(
  shape: Shape,
  environment: Record<string, string | undefined>,
): Settings<Shape> {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  );
  const result = z.object(shape).safeParse(given);
  if (result.success) return result.data as Settings<Shape>;
  const wrong = result.error.issues.map(({ path, message }) => {
    const name = path.join('.');
    return `${name}: ${Object.hasOwn(given, name) ? message : 'is not set'}`;
  });
  throw new SettingsError(wrong.join('\n'));
}

/** How much of the machine the looking at uploads may take. */
export const computeSettings = {
  /** Worker threads, each with one file at a time; by default one for each processor. */
  BTFDEPOT_THREADS: wholeNumber(1, 1024).prefault(String(COMPUTE_LIMITS.threads)),
  /** Threads beyond these, for clients that have none of them. */
  BTFDEPOT_SPARE_THREADS: wholeNumber(0, 1024).prefault(String(COMPUTE_LIMITS.spare)),
  /** After this time, what a client used of the threads counts half. */
  BTFDEPOT_SHARE_HALF_LIFE: seconds
    .refine((time) => time > 0, { error: 'expected more than 0 s' })
    .prefault(String(COMPUTE_LIMITS.halfLife / 1000)),
  /** Files that wait for a thread; more are asked to come later. */
  BTFDEPOT_WAITING: wholeNumber(0, 10_000).prefault(String(COMPUTE_LIMITS.waiting)),
  /** Of unpacking and of splitting one file, each. */
  BTFDEPOT_WORK_TIME: seconds.prefault(String(COMPUTE_LIMITS.time / 1000)),
  /** Of one thread. */
  BTFDEPOT_WORK_MEMORY: byteSize.prefault(String(COMPUTE_LIMITS.memory)),
};

/** As the pool takes them. */
export function computeLimits(settings: Settings<typeof computeSettings>): ComputeLimits {
  return {
    threads: settings.BTFDEPOT_THREADS,
    spare: settings.BTFDEPOT_SPARE_THREADS,
    halfLife: settings.BTFDEPOT_SHARE_HALF_LIFE,
    waiting: settings.BTFDEPOT_WAITING,
    time: settings.BTFDEPOT_WORK_TIME,
    memory: settings.BTFDEPOT_WORK_MEMORY,
  };
}

/** The store of a distributed depot: MinIO, or any S3 that takes conditional writes. */
export const storeSettings = {
  BTFDEPOT_S3_ENDPOINT: z.url({ protocol: /^https?$/ }).default('http://127.0.0.1:9000'),
  BTFDEPOT_S3_BUCKET: z.string().min(3).default('btf-depot'),
  BTFDEPOT_S3_ACCESS_KEY: z.string(),
  BTFDEPOT_S3_SECRET_KEY: z.string(),
};

/** As the store's adapter takes it. */
export function storeAddress(settings: Settings<typeof storeSettings>) {
  return {
    endpoint: settings.BTFDEPOT_S3_ENDPOINT,
    bucket: settings.BTFDEPOT_S3_BUCKET,
    accessKey: settings.BTFDEPOT_S3_ACCESS_KEY,
    secretKey: settings.BTFDEPOT_S3_SECRET_KEY,
  };
}

/** Its queue. */
export const queueSettings = {
  BTFDEPOT_REDIS_URL: z.url({ protocol: /^rediss?$/ }).default('redis://127.0.0.1:6379'),
};

/** How a job that fails is tried again. */
export const retrySettings = {
  BTFDEPOT_JOB_ATTEMPTS: wholeNumber(1, 100).prefault('5'),
  /** Before the second attempt; each later one waits twice as long. */
  BTFDEPOT_JOB_BACKOFF: seconds.prefault('2'),
};

/** As the queue's adapters take it. */
export function retryRules(settings: Settings<typeof retrySettings>) {
  return { attempts: settings.BTFDEPOT_JOB_ATTEMPTS, backoffMs: settings.BTFDEPOT_JOB_BACKOFF };
}
