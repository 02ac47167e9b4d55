import { resign } from '@btf-depot/depot';
import {
  createLogger,
  readSettings,
  readSigningKeys,
  signingSettings,
} from '@btf-depot/service-kit';
import { Command, Option } from 'commander';
import { wholeBuildIds } from '../options/build-ids.ts';
import { dataOption, openStores } from '../options/open-stores.ts';
import { jsonOption } from '../options/options.ts';
import { note, print, printable, printJson } from '../terminal/output.ts';
import { UsageError } from '../options/usage-error.ts';

interface Flags {
  keys?: string;
  all?: boolean;
  data?: string;
  json?: boolean;
}

export function resignCommand(): Command {
  return new Command('resign')
    .summary('replace the signatures of published manifests')
    .description(
      'Replaces the signatures of manifests: one for each key, `manifest.sig` by the first. Without ' +
        'keys, removes the signatures. To change keys, run it and the services with OLD:NEW, with ' +
        'NEW:OLD once clients have the new key, and last with NEW.',
    )
    .argument('[build-id...]')
    .option('--all', 'every kernel')
    .addOption(
      new Option('--keys <paths>', 'secret keys, `:` between them').env('BTFDEPOT_SIGNING_KEYS'),
    )
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(run);
}

async function run(buildIds: string[], flags: Flags): Promise<void> {
  if (buildIds.length > 0 === (flags.all === true))
    throw new UsageError('name build IDs, or use --all');
  const keys = await readSigningKeys(
    readSettings(signingSettings, { BTFDEPOT_SIGNING_KEYS: flags.keys }),
    createLogger('resign', 'silent'),
  );
  const stores = await openStores(flags);
  const named = new Set(await wholeBuildIds(stores.records, buildIds));
  if (flags.all) for await (const { buildId } of stores.records.list()) named.add(buildId);
  const signed: string[] = [];
  const failed: { buildId: string; message: string }[] = [];
  for (const buildId of named) {
    try {
      if (await resign(stores, buildId, keys)) signed.push(buildId);
    } catch (error) {
      // A record of one kernel is no reason to leave the others under a leaked key.
      const message = error instanceof Error ? error.message : String(error);
      failed.push({ buildId, message });
      note(`${buildId}: ${printable(message)}`);
      process.exitCode = 1;
    }
  }
  if (flags.json) printJson({ signed, left: named.size - signed.length - failed.length, failed });
  else {
    for (const buildId of signed) print(`${buildId}\n`);
    note(
      `${signed.length} signed with ${keys.length} keys, ${named.size - signed.length - failed.length} left, ${failed.length} failed`,
    );
  }
}
