import { claimedParts, principalSchema, type KernelRecord } from '@btf-depot/contracts';
import { setOwner } from '@btf-depot/depot';
import { Command } from 'commander';
import { wholeBuildIds } from '../options/build-ids.ts';
import { dataOption, openStores } from '../options/open-stores.ts';
import { jsonOption } from '../options/options.ts';
import { formatTable, print, printable, printJson } from '../terminal/output.ts';
import { UsageError } from '../options/usage-error.ts';

interface Where {
  data?: string;
  json?: boolean;
}

interface SetFlags extends Where {
  signer?: string[];
  distrust?: boolean;
}

export function ownerCommand(): Command {
  const command = new Command('owner')
    .summary('who may change a kernel')
    .description(
      'The owner of a kernel is the principal that sent its first kernel file: the --owner of a ' +
        'token, or its ID. Works on the store itself, while services run.',
    );
  const verb = (name: string) =>
    command.command(name).addOption(dataOption()).addOption(jsonOption());
  verb('show')
    .summary('show the owner of a kernel, and its claimed parts')
    .argument('<build-id>')
    .action(show);
  verb('set')
    .summary('give a kernel to a principal')
    .description(
      'Makes a principal the owner of a kernel. Its later uploads replace parts that others sent, the ' +
        'core too. Until then everything stays published.',
    )
    .argument('<build-id>')
    .argument('<principal>', 'the --owner of its tokens, a token ID, or local')
    .option(
      '--signer <principal...>',
      'further principals that may send carriers; by default unchanged',
    )
    .option('--distrust', 'mark parts of other senders as claimed, and drop their carriers')
    .action(set);
  return command;
}

async function show(word: string, flags: Where): Promise<void> {
  const { records } = await openStores(flags);
  const [buildId = word] = await wholeBuildIds(records, [word]);
  const stored = await records.get(buildId);
  if (!stored) throw new Error(`there is no kernel ${buildId}`);
  report(stored.record, flags);
}

async function set(word: string, principal: string, flags: SetFlags): Promise<void> {
  for (const one of [principal, ...(flags.signer ?? [])]) {
    const { error } = principalSchema.safeParse(one);
    if (error) throw new UsageError(`${printable(one)}: ${error.issues[0]?.message ?? ''}`);
  }
  const { records } = await openStores(flags);
  const [buildId = word] = await wholeBuildIds(records, [word]);
  const { signer: signers, distrust } = flags;
  report(await setOwner(records, buildId, { principal, signers, distrust }), flags);
}

function report(record: KernelRecord, flags: Where): void {
  const { buildId, revision, state, owner, claimant } = record;
  const claimed = claimedParts(record);
  if (flags.json) {
    printJson({ buildId, revision, state, owner, claimant, claimed });
    return;
  }
  const { signers = [] } = owner ?? {};
  print(
    formatTable([
      ['owner', owner ? `${printable(owner.principal)} (${printable(owner.rank)})` : 'none'],
      ...(claimant ? [['claimed by', printable(claimant.principal)]] : []),
      ...(signers.length > 0 ? [['signers', signers.map(printable).join(', ')]] : []),
      ...(claimed.length > 0 ? [['claimed', claimed.join(', ')]] : []),
      ['state', `${state}, revision ${revision}`],
    ]),
  );
}
