import { ARTIFACTS, isBuildId } from '@btf-depot/contracts';
import { DepotClient } from '@btf-depot/client';
import { Command } from 'commander';
import { download } from '../download.ts';
import { depotUrls, jsonOption, urlOption } from '../options.ts';
import { formatBytes, note, print, printJson } from '../output.ts';
import { buildIdByFlags, type KernelFlags } from '../which-kernel.ts';

interface Flags extends KernelFlags {
  url: string;
  output?: string;
  json?: boolean;
}

export function getCommand(): Command {
  return new Command('get')
    .summary('download an artifact of a kernel')
    .description(
      'Downloads an artifact by build ID, resumes where an earlier download was cut, and checks\n' +
        'its SHA-256. With --running or --of the build ID is left out.',
    )
    .argument('[build-id]', 'build ID of the kernel')
    .argument('[artifact]', `one of ${Object.keys(ARTIFACTS).join(', ')}`, 'btf_vmlinux.ko.gz')
    .option('--running', 'the kernel that runs here')
    .option('--of <file>', 'the kernel in this file')
    .option(
      '-o, --output <file>',
      "where to put it; by default the artifact's name, - for standard output",
    )
    .addOption(urlOption())
    .addOption(jsonOption())
    .action(get);
}

async function get(first: string | undefined, second: string, flags: Flags): Promise<void> {
  const byFlag = await buildIdByFlags(flags);
  const buildId = byFlag ?? first;
  const name = byFlag === undefined ? second : (first ?? second);
  if (buildId === undefined || !isBuildId(buildId)) {
    throw new Error('name a build ID (lowercase hexadecimal), or use --running or --of FILE');
  }
  const client = new DepotClient(depotUrls(flags.url));
  const record = await client.record(buildId);
  if (!record) throw new Error(`${flags.url} has no kernel of build ID ${buildId}`);
  const artifact = Object.hasOwn(record.artifacts, name) ? record.artifacts[name] : undefined;
  if (!artifact) {
    const there = Object.keys(record.artifacts).join(', ') || 'none yet';
    throw new Error(`no ${name} of ${buildId} (${record.state}); there are: ${there}`);
  }
  const output = flags.output ?? name;
  await download(client, artifact, output);
  const result = { buildId, artifact: name, file: output, ...artifact };
  if (flags.json && output !== '-') printJson(result);
  else if (output !== '-') print(`${output}: ${formatBytes(artifact.size)}, SHA-256 checked\n`);
  else note(`${name}: ${formatBytes(artifact.size)}`);
}
