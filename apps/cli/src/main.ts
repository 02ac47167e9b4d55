#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { note, printable } from './output.ts';
import { getCommand } from './verbs/get.ts';
import { inspectCommand } from './verbs/inspect.ts';
import { pushCommand } from './verbs/push.ts';
import { serveCommand } from './verbs/serve.ts';

const VERSION = '0.1.0';

const program = new Command('btfdepot')
  .description('Stores and serves the BTF that kernels leave out, by build ID.')
  .version(VERSION)
  .configureHelp({ showGlobalOptions: true });
for (const command of [serveCommand(), pushCommand(), getCommand(), inspectCommand()]) {
  program.addCommand(command.exitOverride());
}
program.exitOverride();

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Help and version end here too, with 0; commander has printed what there is to say.
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    const code = (error as { code?: unknown }).code;
    const message = error instanceof Error ? error.message : String(error);
    note(`btfdepot: ${printable(message)}${typeof code === 'string' ? ` [${code}]` : ''}`);
    process.exitCode = 1;
  }
}
