import { DepotClient } from '@btf-depot/client';
import {
  createLogger,
  flagHelp,
  readSettings,
  runUntilSignal,
  settingsHelp,
  type Settings,
} from '@btf-depot/service-kit';
import { publicKeyLine, type KernelRecord } from '@btf-depot/contracts';
import { Command } from 'commander';
import { embeddedSettings, startEmbedded, type EmbeddedDepot } from './embedded.ts';
import { faultOf, note, print, printJson } from '../../terminal/output.ts';
import { pushFile } from '../push/push-file.ts';
import type { PushOptions } from '../push/push-options.ts';
import { describeFault } from '../../terminal/fault.ts';
import { nextSteps } from './next-steps.ts';
import { offerVariables } from './offer-variables.ts';
import { describeKernel, shownFile } from '../../terminal/report.ts';
import { queryOfRunning, runningKernel, RUNNING_BTF } from '../../running/running-kernel.ts';

interface Flags {
  host?: string;
  port?: string;
  data?: string;
  running?: boolean;
  json?: boolean;
}

const help = (name: keyof typeof embeddedSettings) => flagHelp(name, embeddedSettings[name]);

export function serveCommand(): Command {
  return new Command('serve')
    .summary('the depot in one process: ingest, compressor and fetch')
    .description(
      'Runs the depot in one process, over a folder, until SIGTERM or Ctrl-C. ' +
        'The kernels named are ingested first.',
    )
    .argument('[file...]', 'vmlinux with BTF inside, to ingest at start')
    .option('--host <address>', help('BTFDEPOT_HOST'))
    .option('--port <port>', help('BTFDEPOT_PORT'))
    .option('--data <folder>', help('BTFDEPOT_DATA'))
    .option(
      '--running',
      'if the store is empty and no file is named, ingest the BTF of this system',
    )
    .option('--json', 'print a line of JSON for each ingested kernel')
    .addHelpText('after', `\n${settingsHelp(embeddedSettings)}`)
    .action(serve);
}

async function serve(files: string[], flags: Flags): Promise<void> {
  const settings = readSettings(embeddedSettings, {
    ...process.env,
    BTFDEPOT_HOST: flags.host ?? process.env.BTFDEPOT_HOST,
    BTFDEPOT_PORT: flags.port ?? process.env.BTFDEPOT_PORT,
    BTFDEPOT_DATA: flags.data ?? process.env.BTFDEPOT_DATA,
  });
  const log = createLogger('depot', settings.BTFDEPOT_LOG_LEVEL);
  await runUntilSignal(log, async () => {
    const depot = await startEmbedded(settings, log);
    const client = new DepotClient(depot.url);
    const kernels: KernelRecord[] = [];
    for (const { file, query } of await uploadsAtStart(files, flags, depot)) {
      kernels.push(...(await ingest(client, file, query)));
    }
    if (flags.json) {
      const publicKeys = depot.publicKeys.map(publicKeyLine);
      printJson({ url: depot.url, data: settings.BTFDEPOT_DATA, publicKeys, kernels });
    } else {
      for (const record of kernels) print(describeKernel(record));
      for (const key of depot.publicKeys) {
        print(`signs with key ${key.number}: ${publicKeyLine(key)}\n`);
      }
      print(`listening on ${depot.url}, data in ${settings.BTFDEPOT_DATA}\n`);
      print(nextSteps(depot.url, kernels.at(-1)));
    }
    if (!flags.running || flags.json) return depot;
    const stop = new AbortController();
    // The depot serves in any case.
    const offered = offer(depot, client, settings, stop.signal).catch((error: unknown) => {
      if (!stop.signal.aborted) note(faultOf('variables', describeFault(error)));
    });
    return {
      ...depot,
      async close() {
        stop.abort(new Error('the depot is stopping'));
        await offered;
        await depot.close();
      },
    };
  });
}

async function offer(
  { pulls, pullFrom }: EmbeddedDepot,
  client: DepotClient,
  settings: Settings<typeof embeddedSettings>,
  signal: AbortSignal,
): Promise<void> {
  const kernel = await runningKernel();
  if (!kernel) return;
  const deps = { pulls, pullFrom, record: (buildId: string) => client.record(buildId) };
  await offerVariables(kernel, deps, {
    upstreams: settings.BTFDEPOT_UPSTREAMS,
    server: settings.BTFDEPOT_DEBUG_SERVER,
    environment: process.env,
    isTerminal: process.stdin.isTTY && process.stderr.isTTY,
    signal,
  });
}

/** The named files; else, on request and for an empty store, the running kernel's BTF. */
async function uploadsAtStart(files: string[], flags: Flags, { wasEmpty }: EmbeddedDepot) {
  const named = files.length === 0 && flags.running && wasEmpty ? [RUNNING_BTF] : files;
  const uploads = named.map(async (file) => ({ file, query: await queryOfRunning(file) }));
  const found = await Promise.all(uploads);
  if (named === files || found[0]?.query.buildId !== undefined) return found;
  note('this system exposes no BTF; `npm start -- vmlinux` ingests a file');
  return [];
}

/** Takes the way of every upload. A refusal is reported, and the depot continues. */
async function ingest(
  client: DepotClient,
  file: string,
  query: PushOptions['query'],
): Promise<KernelRecord[]> {
  const kernels: KernelRecord[] = [];
  try {
    note(`ingesting ${file}`);
    for (const result of await pushFile(client, file, { query })) {
      if ('error' in result) note(faultOf(shownFile(result), result.error));
      else {
        const record = await client.record(result.status.buildId);
        if (record) kernels.push(record);
      }
    }
  } catch (error) {
    note(faultOf(file, describeFault(error)));
  }
  return kernels;
}
