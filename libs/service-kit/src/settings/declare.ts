/**
 * A setting is declared once: name, kind, default and a sentence. The typed object, `--help` and
 * the table in infra/README.md are derived from it; see describe.ts.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** A wrong setting: the service does not start, and names it with the reason. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  readonly code = 'bad-settings';
}

/** The description of a setting for help and documents. */
export interface Declaration {
  sentence: string;
  /** In the form of the environment, or in words; absent: none. */
  standard?: string | undefined;
  /** The meaning of its text: `bytes`, `seconds`, `1 to 256`, … */
  value?: string | undefined;
}

/** Reads the text of an environment variable. */
type Kind = z.ZodType<unknown, string | undefined>;

const declarations = z.registry<Declaration>();
const kinds = z.registry<{ value: string }>();

/**
 * Declares a setting.
 * @param standard its default, in the form of the environment; undefined: it must be set unless its
 *   kind is optional.
 * @param shown the default in words, if it depends on the machine.
 */
export function setting<K extends Kind>(kind: K, standard: undefined, sentence: string): K;
export function setting<K extends Kind>(
  kind: K,
  standard: string,
  sentence: string,
  shown?: string,
): z.ZodPrefault<K>;
export function setting(
  kind: Kind,
  standard: string | undefined,
  sentence: string,
  shown = standard,
): Kind {
  // Settings share a kind, so each description needs its own copy.
  const declared = standard === undefined ? kind.clone() : kind.prefault(standard);
  const { value } = kinds.get(kind instanceof z.ZodOptional ? kind.unwrap() : kind) ?? {};
  return declared.register(declarations, {
    sentence,
    standard: shown === '' ? undefined : shown,
    value,
  });
}

/** @throws TypeError for anything not made by `setting`. */
export function declarationOf(name: string, declared: z.core.$ZodType): Declaration {
  const declaration = declarations.get(declared);
  if (!declaration) throw new TypeError(`${name} is not declared with setting()`);
  return declaration;
}

/** Describes the text of a kind of setting. */
export function kindOf<K extends Kind>(value: string, kind: K): K {
  kinds.add(kind, { value });
  return kind;
}

const units: Record<string, number> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** Bytes, with an optional unit: `512`, `64k`, `256m`, `2g` (powers of 1024). */
export const byteSize = kindOf(
  'bytes',
  z.string().transform((size, context) => {
    const match = /^(\d{1,12})([kmg]?)$/i.exec(size.trim());
    if (!match) {
      context.addIssue(`expected bytes such as 512, 64k, 256m or 2g, got ${JSON.stringify(size)}`);
      return z.NEVER;
    }
    return Number(match[1]) * (units[match[2]?.toLowerCase() ?? ''] ?? 1);
  }),
);

/** A whole number in decimal. */
export function wholeNumber(least: number, most: number) {
  return kindOf(
    `${least} to ${most}`,
    z
      .string()
      .regex(/^\d{1,9}$/, { error: 'expected a whole number' })
      .transform(Number)
      .pipe(z.number().min(least).max(most)),
  );
}

const time = z
  .string()
  .regex(/^\d{1,7}(\.\d+)?$/, { error: 'expected seconds' })
  .transform((given) => Math.round(Number(given) * 1000));

/** Time in seconds, fractions allowed, as milliseconds. */
export const seconds = kindOf('seconds', time);

/** The same, above 0. */
export const someSeconds = kindOf(
  'seconds',
  time.refine((passed) => passed > 0, { error: 'expected more than 0 s' }),
);

/** One of a few words. */
export function oneOf<const Words extends readonly [string, ...string[]]>(...words: Words) {
  return kindOf(words.map((word) => `\`${word}\``).join(', '), z.enum(words));
}

/** `host:port`, commas between several. */
export const hostPorts = kindOf(
  '`host:port`, `,` between them',
  z.string().transform((text, context) => {
    const parts = text.split(',').flatMap((one) => one.trim() || []);
    return parts.map((one) => {
      const [, host, port] = /^(.+):(\d{1,5})$/.exec(one) ?? [];
      if (host === undefined) {
        context.addIssue(`expected host:port, got ${JSON.stringify(one)}`);
        return z.NEVER;
      }
      return { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
    });
  }),
);

export const text = kindOf('text', z.string());

/** Text of a minimum length. */
export const someText = (length: number) => kindOf('text', z.string().min(length));

/** The path of a file or folder. */
export const path = kindOf('path', z.string());

/** Paths, `:` between them. */
export const paths = kindOf(
  'paths, `:` between them',
  z.string().transform((list) => list.split(':').filter((one) => one !== '')),
);

/** Addresses and networks, commas between them. */
export const addressList = kindOf(
  'addresses, `,` between them',
  z
    .string()
    .regex(/^[\w.:/, ]*$/, { error: 'expected addresses, commas between them' })
    .transform((list) => list.split(',').flatMap((one) => one.trim() || [])),
);

export const httpUrl = kindOf('URL', z.url({ protocol: /^https?$/ }));
export const redisUrl = kindOf('URL', z.url({ protocol: /^rediss?$/ }));

/** The typed result of `readSettings` for a shape. */
export type Settings<Shape extends z.ZodRawShape> = {
  [Name in keyof Shape]: z.output<Shape[Name]>;
};

/**
 * Reads a service's settings from environment variables, all at once.
 * @throws SettingsError that names every wrong variable.
 */
export function readSettings<Shape extends z.ZodRawShape>(
  shape: Shape,
  environment: Record<string, string | undefined>,
): Settings<Shape> {
  const given = Object.fromEntries(
    Object.entries({ ...fromFiles(shape, environment), ...environment }).filter(
      ([, value]) => value !== undefined && value !== '',
    ),
  );
  const result = z.object(shape).safeParse(given);
  if (result.success) return result.data as Settings<Shape>;
  const wrong = result.error.issues.map(({ path, message }) => {
    const name = path.join('.');
    return `${name}: ${Object.hasOwn(given, name) ? message : 'is not set'}`;
  });
  throw new SettingsError(wrong.join('\n'));
}

/** Whether the environment has a setting, or names a file with it. */
export function isGiven(name: string, environment: Record<string, string | undefined>): boolean {
  return (environment[name] ?? '') !== '' || (environment[`${name}_FILE`] ?? '') !== '';
}

/** `NAME_FILE` names a file with the setting: a secret that no list of processes shows. */
function fromFiles(
  shape: z.ZodRawShape,
  environment: Record<string, string | undefined>,
): Record<string, string> {
  const read = Object.keys(shape).flatMap((name) => {
    const path = environment[`${name}_FILE`] ?? '';
    if (path === '') return [];
    if ((environment[name] ?? '') !== '') {
      throw new SettingsError(`${name}: ${name}_FILE is set too; set only one of them`);
    }
    try {
      return [[name, readFileSync(path, 'utf8').replace(/\r?\n$/, '')] as const];
    } catch (cause) {
      throw new SettingsError(`${name}_FILE: ${(cause as Error).message}`, { cause });
    }
  });
  return Object.fromEntries(read);
}
