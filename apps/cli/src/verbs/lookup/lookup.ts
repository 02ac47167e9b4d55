import { text } from 'node:stream/consumers';
import {
  isBuildId,
  MAX_LOOKED_UP,
  type LookupAnswer,
  type WantedKernel,
} from '@btf-depot/contracts';
import type { DepotClient } from '@btf-depot/client';
import { Command } from 'commander';
import { parseFleet, type Fleet } from '../../running/parse-fleet.ts';
import { jsonOption, openDepots, urlsOption } from '../../options/options.ts';
import { findBuildId, namesKernel } from '../../running/which-kernel.ts';
import { formatTable, note, print, printable, printJson } from '../../terminal/output.ts';

interface Flags {
  url: string;
  import?: boolean;
  json?: boolean;
}

interface Row {
  asked: string;
  /** The nodes that run it, if they have names. */
  nodes: readonly string[];
  answer: 'have' | 'missing' | 'ambiguous';
  buildIds: readonly string[];
}

export function lookupCommand(): Command {
  return new Command('lookup')
    .summary('what the depot has for the kernels of a fleet')
    .description(
      'Asks the depot for each kernel whether it has it. Name releases (uname -r) or build IDs as ' +
        'arguments, or on standard input: one a line, or the output of `kubectl get nodes -o json`. ' +
        'Exit code 1 if the depot lacks one.',
    )
    .argument('[kernel...]', 'releases or build IDs; without them, standard input')
    .option('--import', 'print what the depot lacks, as a list that `import --from` takes')
    .addOption(urlsOption())
    .addOption(jsonOption())
    .action(lookup);
}

async function lookup(words: string[], { url, json, import: forImport }: Flags): Promise<void> {
  const client = openDepots(url);
  const named = await Promise.all(words.map((word) => wholeIfKnown(client, word)));
  const fleet = parseFleet(named.length > 0 ? named.join('\n') : await text(process.stdin));
  const asked = [...fleet.keys()];
  const rows: Row[] = [];
  for (let start = 0; start < asked.length; start += MAX_LOOKED_UP) {
    const some = asked.slice(start, start + MAX_LOOKED_UP);
    const buildIds = some.filter(isBuildId);
    const releases = some.filter((one) => !isBuildId(one));
    const answer = await client.lookup({ buildIds, releases });
    if (answer.incomplete !== undefined) {
      note(`the depot's list of kernels is incomplete: ${printable(answer.incomplete)}`);
    }
    if (answer.unreadable !== undefined) {
      note(`the depot's list of kernels lacks ${answer.unreadable}, whose records are unreadable`);
    }
    rows.push(...rowsOf(answer, fleet));
  }
  rows.sort((a, b) => a.asked.localeCompare(b.asked, 'en', { numeric: true }));
  if (forImport) printJson({ wanted: rows.flatMap(wantedOf) });
  else if (json) printJson(rows);
  else print(formatTable(rows.map(describe)));
  if (rows.some(({ answer }) => answer === 'missing')) process.exitCode = 1;
}

/** Possibly a shortened build ID; if no kernel begins so, it is looked up as it is. */
async function wholeIfKnown(client: DepotClient, word: string): Promise<string> {
  return namesKernel(word) ? ((await findBuildId(client, word)) ?? word) : word;
}

function rowsOf({ have, missing, ambiguous }: LookupAnswer, fleet: Fleet): Row[] {
  const row = (asked: string, answer: Row['answer'], kernels: { buildId: string }[]): Row => ({
    asked,
    nodes: fleet.get(asked) ?? [],
    answer,
    buildIds: kernels.map(({ buildId }) => buildId),
  });
  return [
    ...have.map(({ asked, kernel }) => row(asked, 'have', [kernel])),
    ...missing.map((asked) => row(asked, 'missing', [])),
    ...ambiguous.map(({ asked, kernels }) => row(asked, 'ambiguous', kernels)),
  ];
}

/** Kernels that the depot lacks, in the format of `btfdepot wanted`. */
function wantedOf({ asked, nodes, answer }: Row): WantedKernel[] {
  if (answer !== 'missing') return [];
  const kernel = isBuildId(asked) ? { buildId: asked } : { release: asked };
  const lacks = { ...kernel, lacks: 'kernel' as const };
  return [nodes.length > 0 ? { ...lacks, nodes: [...nodes] } : lacks];
}

function describe({ asked, nodes, answer, buildIds }: Row): string[] {
  const many = nodes.length === 0 ? '' : `${nodes.length} node${nodes.length === 1 ? '' : 's'}`;
  return [printable(asked), many, answer, buildIds.join(' ')];
}
