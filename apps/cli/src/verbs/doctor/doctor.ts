import { resolve } from 'node:path';
import { Command } from 'commander';
import { diagnose, type DepotAnswer, type Diagnosis } from './diagnose.ts';
import { readSystem, SYSTEM_FILES, type System } from '../../running/running-system.ts';
import { needLinux } from '../../running/running-kernel.ts';
import { jsonOption, openDepots, urlsOption } from '../../options/options.ts';
import { formatBytes, formatTable, print, printable, printJson } from '../../terminal/output.ts';

interface Flags {
  url: string;
  root: string;
  json?: boolean;
}

export function doctorCommand(): Command {
  return new Command('doctor')
    .summary('what this system has and lacks, and the next step')
    .description(
      'Looks at the running kernel and asks the depot what it has for it. Exit code 0 if the ' +
        'variables of this kernel are loaded or available, 1 if they are not.',
    )
    .option(
      '--root <folder>',
      "another system's root, or a folder with copies of the files below",
      '/',
    )
    .addOption(urlsOption())
    .addOption(jsonOption())
    .addHelpText('after', `\nReads, below the root:\n  ${SYSTEM_FILES.join('\n  ')}`)
    .action(doctor);
}

async function doctor({ url, root, json }: Flags): Promise<void> {
  const isHere = resolve(root) === '/';
  if (isHere) needLinux('doctor without --root');
  const system = await readSystem(root);
  const depot = await askDepot(url, system);
  const diagnosis = diagnose(system, depot, { isHere });
  const { record, ...answer } = depot;
  if (json) {
    const { revision, state, delivery, carrier } = record ?? {};
    const kernel = record && { revision, state, delivery, carrier };
    printJson({ system, depot: { ...answer, kernel }, ...diagnosis });
  } else print(describeSystem(system, depot) + describeWays(diagnosis));
  if (!diagnosis.healthy) process.exitCode = 1;
}

async function askDepot(url: string, { buildId }: System): Promise<DepotAnswer> {
  try {
    const record = buildId === undefined ? undefined : await openDepots(url).record(buildId);
    return { url, record };
  } catch (error) {
    return { url, error: error instanceof Error ? error.message : String(error) };
  }
}

function describeSystem(system: System, { url, error, record }: DepotAnswer): string {
  const { release, arch, buildId, btf, carriers, lockdown, enforcesSignatures, symbols } = system;
  const yes = (value: boolean | undefined) => (value === undefined ? '?' : value ? 'yes' : 'no');
  const has = error ?? (record ? `${record.state}, revision ${record.revision}` : 'unknown there');
  return formatTable([
    ['kernel', printable([release, arch].filter((word) => word !== undefined).join(' ') || '?')],
    ['build ID', buildId ?? 'not shown'],
    ['BTF', btf ? `${formatBytes(btf.size)}, SHA-256 ${btf.sha256.slice(0, 16)}…` : 'none'],
    ['carriers', carriers.map(printable).join(', ') || 'none loaded'],
    [
      'takes modules',
      system.takesModules && enforcesSignatures ? 'signed ones' : yes(system.takesModules),
    ],
    ['lockdown', lockdown ?? '?'],
    ['data in kallsyms', yes(symbols?.data)],
    ['shows addresses', yes(symbols?.addresses)],
    [`depot`, `${printable(url)}: ${printable(has)}`],
  ]);
}

function describeWays({ ways }: Diagnosis): string {
  const lines = Object.values(ways).flatMap(({ goal, outlook, why, next }) => [
    `\n${outlook === 'no' ? 'no ' : outlook === 'now' ? 'yes' : 'can'} ${goal}`,
    ...why.map((reason) => `    ${printable(reason)}`),
    ...(next === undefined ? [] : [`    ${printable(next)}`]),
  ]);
  return `${lines.join('\n')}\n`;
}
