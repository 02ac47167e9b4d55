import { writeSync } from 'node:fs';
import { dumpJson, dumpRaw, printHeader, type Btf } from '@btf-depot/btf';
import { Command, Option } from 'commander';
import { openBtf } from '../files/btf-file.ts';
import { PIPE_CLOSED, printable } from '../terminal/output.ts';

const FORMS = ['raw', 'c', 'json'] as const;

interface Flags {
  base?: string;
  section?: string;
  as: (typeof FORMS)[number];
}

export function dumpCommand(): Command {
  return new Command('dump')
    .summary('print the types of a BTF, as text, C or JSON')
    .description(
      'Prints the types of a raw BTF or of an ELF file: as text, as a C header, or as JSON; ' +
        'text and JSON are those of bpftool btf dump. A module with a distilled base (.BTF.base) is ' +
        'read on that; with --base, it is printed as a kernel with that BTF relocates it.',
    )
    .argument('<file>', 'BTF, vmlinux, module or carrier')
    .option('-B, --base <file>', 'base of a split BTF')
    .option('--section <name>', 'which BTF of an ELF file', '.BTF')
    .addOption(new Option('--as <form>', 'output format').choices(FORMS).default('raw'))
    .action(async (file: string, { base, section, as }: Flags) => {
      for (const chunk of dump(await openBtf(file, base, section), as)) write(chunk);
    });
}

function* dump(btf: Btf, as: Flags['as']): Generator<string | Uint8Array> {
  if (as === 'raw') yield dumpRaw(btf);
  else if (as === 'c') yield* printHeader(btf);
  else yield* dumpJson(btf);
}

/**
 * Control sequences of a terminal, in bytes of UTF-8: controls but tab and line end, changes of
 * direction.
 */
const CONTROLS = /[\0-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]/g;

/**
 * Written as it is made, since it may be hundreds of megabytes. Names are bytes, one for each
 * character, and may be hostile.
 */
function write(chunk: string | Uint8Array): void {
  const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('latin1');
  const bytes = Buffer.from(text.replace(CONTROLS, escaped), 'latin1');
  for (let done = 0; done < bytes.length;) {
    try {
      done += writeSync(1, bytes, done);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EPIPE') process.exit(PIPE_CLOSED);
      if (code !== 'EAGAIN') throw error;
    }
  }
}

function escaped(bytes: string): string {
  return printable(Buffer.from(bytes, 'latin1').toString('utf8'));
}
