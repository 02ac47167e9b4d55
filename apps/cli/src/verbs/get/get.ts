import type { ArtifactOptions, DepotClient, FoundArtifact } from '@btf-depot/client';
import { ARTIFACTS } from '@btf-depot/contracts';
import { Command, InvalidArgumentError, Option } from 'commander';
import { writeWhole } from '../../files/btf-file.ts';
import { download } from './download.ts';
import { MERGED_BTF, mergedBtf } from './merged-btf.ts';
import { untilFetched } from './until-fetched.ts';
import { openDepots, jsonOption, urlsOption } from '../../options/options.ts';
import { formatBytes, note, print, printJson } from '../../terminal/output.ts';
import { trustedKeys } from '../../options/trusted-keys.ts';
import { buildIdByFlags, wholeBuildId, type KernelFlags } from '../../running/which-kernel.ts';
import { UsageError } from '../../options/usage-error.ts';

interface Flags extends KernelFlags {
  url: string;
  output?: string;
  keys?: string;
  leastRevision?: number;
  json?: boolean;
}

export function getCommand(): Command {
  return new Command('get')
    .summary('download an artifact of a kernel')
    .description(
      'Downloads an artifact by build ID, resumes an interrupted download, and compares size and ' +
        'SHA-256 with the manifest of the kernel. With --keys, one of the keys must have signed the ' +
        'manifest. With --running or --of, leave the build ID out.',
    )
    .argument('[build-id]', 'build ID of the kernel')
    .argument(
      '[artifact]',
      `one of ${[...Object.keys(ARTIFACTS), MERGED_BTF].join(', ')}`,
      'btf_vmlinux.ko.gz',
    )
    .option('--running', 'the kernel that runs here')
    .option('--of <file>', 'the kernel in this file')
    .option(
      '-o, --output <file>',
      "output file; by default the artifact's name; - for standard output",
    )
    .addOption(
      new Option('--keys <paths>', 'public keys, `:` between them').env('BTFDEPOT_PUBLIC_KEYS'),
    )
    .option('--least-revision <number>', 'refuse earlier revisions', revision)
    .addOption(urlsOption())
    .addOption(jsonOption())
    .action(get);
}

async function get(first: string | undefined, second: string, flags: Flags): Promise<void> {
  const byFlag = await buildIdByFlags(flags);
  const word = byFlag ?? first;
  const name = byFlag === undefined ? second : (first ?? second);
  if (word === undefined || !/^[0-9a-f]{4,128}$/.test(word)) {
    throw new UsageError(
      'name a build ID, or its first digits: four or more, 0 to 9 and a to f in lower case; or ' +
        'use --running or --of FILE',
    );
  }
  const keys = await trustedKeys(flags.keys);
  const client = openDepots(flags.url, { keys });
  const buildId = await wholeBuildId(client, word);
  const { leastRevision = 0 } = flags;
  const output = flags.output ?? name;
  const { entry, manifest } = await untilFetched(() =>
    name === MERGED_BTF
      ? merge(client, buildId, output, { leastRevision })
      : fetchOne(client, buildId, name, output, { leastRevision }),
  );
  const { revision } = manifest;
  const signed = keys.length > 0;
  const result = { buildId, revision, artifact: name, file: output, ...entry, signed };
  if (flags.json && output !== '-') printJson(result);
  else if (output !== '-') {
    const checked = signed ? 'SHA-256 and signature checked' : 'SHA-256 checked';
    print(`${output}: ${formatBytes(entry.size)}, ${checked}\n`);
  } else note(`${name}: ${formatBytes(entry.size)}`);
}

async function fetchOne(
  client: DepotClient,
  buildId: string,
  name: string,
  output: string,
  options: ArtifactOptions,
): Promise<FoundArtifact> {
  const found = await client.findArtifact(buildId, name, options);
  await download(client, found.entry, output);
  return found;
}

async function merge(
  client: DepotClient,
  buildId: string,
  output: string,
  options: ArtifactOptions,
): Promise<FoundArtifact> {
  const { bytes, ...found } = await mergedBtf(client, buildId, options);
  if (output === '-') process.stdout.write(bytes);
  else writeWhole(output, bytes);
  return found;
}

function revision(text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new InvalidArgumentError('expected a whole number above 0');
}
