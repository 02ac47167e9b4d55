import { z } from 'zod';
import { declarationOf } from './declare.ts';

/** The help text for all settings of a service. */
export function settingsHelp(shape: z.ZodRawShape): string {
  const lines = Object.entries(shape).map(([name, declared]) => {
    const { sentence, standard, value } = declarationOf(name, declared);
    const given = isNeeded(declared) ? 'must be set' : standard && `default ${standard}`;
    const said = [value, given].filter((text) => text).join('; ');
    return `  ${name}${said && ` (${said})`}\n      ${sentence}\n`;
  });
  return (
    'Settings are environment variables. A size is a number of bytes, such as 512, 64k, 256m or 2g; ' +
    'k, m and g are powers of 1024.\n\n' +
    lines.join('')
  );
}

/** The help text of an option that overrides a setting. */
export function flagHelp(name: string, declared: z.core.$ZodType): string {
  const { sentence } = declarationOf(name, declared);
  return `instead of ${name}: ${sentence}`;
}

/**
 * The settings of services as a table in Markdown, aligned as Prettier aligns it.
 * @param services the shape of each by its name; a row names the services with the setting.
 */
export function settingsTable(services: Record<string, z.ZodRawShape>): string {
  const names = new Set(Object.values(services).flatMap((shape) => Object.keys(shape)));
  const rows = [...names].map((name) => settingRow(name, services));
  return alignedTable([['setting', 'value', 'default', 'of', 'what it does'], ...rows]);
}

function settingRow(name: string, services: Record<string, z.ZodRawShape>): string[] {
  const having = Object.entries(services).flatMap(([service, shape]) =>
    shape[name] ? [{ service, declared: shape[name] }] : [],
  );
  const [first] = having;
  if (!first) throw new TypeError(`no service has ${name}`);
  const { sentence, standard, value } = declarationOf(name, first.declared);
  const others = having.flatMap(({ service, declared }) => {
    const other = declarationOf(name, declared).standard;
    return other === standard ? [] : [`${service}: ${other ?? 'none'}`];
  });
  const told = having.flatMap(({ service, declared }) => {
    const other = declarationOf(name, declared).sentence;
    return other === sentence ? [] : [`${capital(service)}: ${other}`];
  });
  const usual = standard ?? (isNeeded(first.declared) ? 'must be set' : 'none');
  const isOfAll = having.length === Object.keys(services).length;
  const of = isOfAll ? 'all' : having.map(({ service }) => service).join(', ');
  const cells = [
    `\`${name}\``,
    value ?? 'text',
    [usual, ...others].join('; '),
    of,
    [sentence, ...told].join(' '),
  ];
  return cells.map((text) => text.replaceAll('|', '\\|'));
}

function capital(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}

function alignedTable([head = [], ...rows]: string[][]): string {
  const widths = head.map((_, column) =>
    Math.max(3, ...[head, ...rows].map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: string[]) =>
    `| ${widths.map((width, column) => cells[column]?.padEnd(width)).join(' | ')} |`;
  return [head, widths.map((width) => '-'.repeat(width)), ...rows].map(line).join('\n');
}

function isNeeded(declared: z.core.$ZodType): boolean {
  return !z.safeParse(declared, undefined).success;
}
