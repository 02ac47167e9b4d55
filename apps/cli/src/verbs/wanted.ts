import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { ProblemError, type DepotClient } from '@btf-depot/client';
import { isBuildId, type WantedKernel } from '@btf-depot/contracts';
import { Command } from 'commander';
import { openDepots, urlsOption } from '../options/options.ts';
import { UsageError } from '../options/usage-error.ts';
import { parseFleet } from '../running/parse-fleet.ts';
import { needLinux, runningKernel } from '../running/running-kernel.ts';
import { note, printable, printJson } from '../terminal/output.ts';

interface Flags {
  url: string;
  running?: boolean;
  fleet?: string;
}

export function wantedCommand(): Command {
  return new Command('wanted')
    .summary('what a system or a fleet runs and a depot lacks')
    .description(
      'Prints the kernels that run here (--running) or in a fleet (--fleet) and that the depot does ' +
        'not have, or has without variables, as JSON that `import --from` takes. If the depot cannot ' +
        'be reached, it prints all of them.',
    )
    .option('--running', 'the kernel that runs here')
    .option(
      '--fleet <file>',
      'releases or build IDs, one a line, or the output of `kubectl get nodes -o json`; - for ' +
        'standard input',
    )
    .addOption(urlsOption())
    .action(wanted);
}

async function wanted({ url, running, fleet }: Flags): Promise<void> {
  const kernels: WantedKernel[] = [];
  if (running) {
    needLinux('--running');
    const kernel = await runningKernel();
    if (!kernel) throw new Error('this system does not show its build ID in /sys/kernel/notes');
    kernels.push({ ...kernel });
  }
  if (fleet !== undefined) kernels.push(...(await readFleet(fleet)));
  if (kernels.length === 0) throw new UsageError('name --running, --fleet FILE, or both');
  printJson({ wanted: await lacking(openDepots(url), kernels) });
}

async function readFleet(file: string): Promise<WantedKernel[]> {
  const fleet = parseFleet(file === '-' ? await text(process.stdin) : await readFile(file, 'utf8'));
  return [...fleet].map(([asked, nodes]) => {
    const kernel = isBuildId(asked) ? { buildId: asked } : { release: asked };
    return nodes.length > 0 ? { ...kernel, nodes: [...nodes] } : kernel;
  });
}

async function lacking(depot: DepotClient, kernels: WantedKernel[]): Promise<WantedKernel[]> {
  const buildIds = kernels.flatMap(({ buildId }) => buildId ?? []);
  const releases = kernels.flatMap(({ buildId, release }) =>
    buildId === undefined ? (release ?? []) : [],
  );
  try {
    const { have, ambiguous } = await depot.lookup({ buildIds, releases });
    const variables = new Map<string, boolean>();
    for (const { asked, kernel } of have) variables.set(asked, kernel.variables !== undefined);
    for (const { asked, kernels: several } of ambiguous) {
      variables.set(
        asked,
        several.some((one) => one.variables !== undefined),
      );
    }
    return kernels.flatMap((kernel) => {
      const has = variables.get(kernel.buildId ?? kernel.release ?? '');
      if (has) return [];
      return [
        { ...kernel, lacks: has === undefined ? ('kernel' as const) : ('variables' as const) },
      ];
    });
  } catch (error) {
    if (!(error instanceof ProblemError) || error.code !== 'unreachable') throw error;
    note(`${printable(error.message)}: all kernels are listed`);
    return kernels;
  }
}
