#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { VERSION } from '@btf-depot/contracts/version';
import { Command, CommanderError } from 'commander';
import { cacheFolder } from './files/cache-folder.ts';
import { describeFault } from './terminal/fault.ts';
import { endWithOutput, faultLine, note } from './terminal/output.ts';
import { UsageError } from './options/usage-error.ts';

endWithOutput();

// Compiling the sources takes half of a short verb's time; without a home folder, each run compiles
// again.
const cache = cacheFolder();
if (cache !== undefined) {
  const compiled = join(cache, 'compiled');
  enableCompileCache(compiled);
  // Threads take it from here.
  process.env.NODE_COMPILE_CACHE ??= compiled;
}

/** Each verb loads only what it needs: a download does not wait for the services' packages. */
const verbs: Record<string, () => Promise<Command>> = {
  serve: async () => (await import('./verbs/serve/serve.ts')).serveCommand(),
  push: async () => (await import('./verbs/push/push.ts')).pushCommand(),
  get: async () => (await import('./verbs/get/get.ts')).getCommand(),
  vars: async () => (await import('./verbs/vars/vars.ts')).varsCommand(),
  inlines: async () => (await import('./verbs/inlines/inlines.ts')).inlinesCommand(),
  reprocess: async () => (await import('./verbs/reprocess.ts')).reprocessCommand(),
  requeue: async () => (await import('./verbs/requeue.ts')).requeueCommand(),
  withdraw: async () => (await import('./verbs/withdraw.ts')).withdrawCommand(),
  token: async () => (await import('./verbs/token.ts')).tokenCommand(),
  owner: async () => (await import('./verbs/owner.ts')).ownerCommand(),
  key: async () => (await import('./verbs/key.ts')).keyCommand(),
  resign: async () => (await import('./verbs/resign.ts')).resignCommand(),
  wanted: async () => (await import('./verbs/wanted.ts')).wantedCommand(),
  import: async () => (await import('./verbs/import/import.ts')).importCommand(),
  export: async () => (await import('./verbs/export.ts')).exportCommand(),
  copy: async () => (await import('./verbs/copy.ts')).copyCommand(),
  gc: async () => (await import('./verbs/gc.ts')).gcCommand(),
  fsck: async () => (await import('./verbs/fsck.ts')).fsckCommand(),
  carrier: async () => (await import('./verbs/carrier/carrier.ts')).carrierCommand(),
  encode: async () => (await import('./verbs/encode.ts')).encodeCommand(),
  split: async () => (await import('./verbs/split.ts')).splitCommand(),
  merge: async () => (await import('./verbs/merge.ts')).mergeCommand(),
  verify: async () => (await import('./verbs/verify.ts')).verifyCommand(),
  dump: async () => (await import('./verbs/dump.ts')).dumpCommand(),
  distill: async () => (await import('./verbs/distill.ts')).distillCommand(),
  tailor: async () => (await import('./verbs/tailor.ts')).tailorCommand(),
  lookup: async () => (await import('./verbs/lookup/lookup.ts')).lookupCommand(),
  doctor: async () => (await import('./verbs/doctor/doctor.ts')).doctorCommand(),
  inspect: async () => (await import('./verbs/inspect/inspect.ts')).inspectCommand(),
  completion: async () => (await import('./verbs/completion.ts')).completionCommand(program),
};

const program = new Command('btfdepot')
  .description('Stores and serves the BTF that kernels leave out, by build ID.')
  .version(VERSION);
const asked = process.argv[2] ?? '';
const isOne = Object.hasOwn(verbs, asked) && asked !== 'completion';
const loaded = isOne ? [asked] : Object.keys(verbs);
for (const verb of loaded) {
  const command = await verbs[verb]();
  program.addCommand(command);
  for (const one of [command, ...command.commands]) one.exitOverride();
}
program.exitOverride();

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Help and version end here too, with 0; commander has already printed.
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    const { message, code } = describeFault(error);
    note(`btfdepot: ${faultLine(message.replaceAll('\n', '; '), code)}`);
    // A depot that fails to start may have started threads, which would keep the process alive.
    process.exit(error instanceof UsageError ? 2 : 1);
  }
}
