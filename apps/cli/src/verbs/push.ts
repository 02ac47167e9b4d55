import { DELIVERIES, EXTRAS } from '@btf-depot/contracts';
import { DepotClient } from '@btf-depot/client';
import cliProgress from 'cli-progress';
import { Command, Option } from 'commander';
import { urlOption, jsonOption } from '../options.ts';
import { formatBytes, note, print, printJson } from '../output.ts';
import { pushFile, type Pushed, type PushOptions } from '../push-file.ts';
import { describeKernel } from '../report.ts';

interface Flags extends Record<
  'full' | 'buildId' | 'arch' | 'distro' | 'release' | 'extras',
  string | undefined
> {
  delivery?: string;
  url: string;
  json?: boolean;
}

export function pushCommand(): Command {
  return new Command('push')
    .summary('send a kernel, wait until its artifacts are there')
    .description(
      'Sends kernels to a depot: vmlinux with BTF inside, or raw BTF with --build-id.\n' +
        'Asks first whether the depot has them, and waits until their artifacts are there.',
    )
    .argument('<file...>', 'vmlinux, or a BTF file')
    .addOption(urlOption())
    .option('--full <btf>', 'BTF with global variables, from the same build (pahole, global_var)')
    .option('--build-id <hex>', 'build ID of a raw BTF file, which does not know its own')
    .addOption(
      new Option(
        '--delivery <way>',
        'how core reaches a system: in the kernel, or in the module',
      ).choices(DELIVERIES),
    )
    .option('--arch <name>', 'architecture, where the file does not say it')
    .option('--distro <name>', 'distribution, for the record')
    .option('--release <release>', 'kernel release, where the file does not say it')
    .option('--extras <list>', `extras to split off, of ${EXTRAS.join(',')}; '' for none`)
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExit status: 0 when all are ready, 1 when a file was refused or failed, 2 for wrong usage.',
    )
    .action(push);
}

async function push(files: string[], flags: Flags): Promise<void> {
  const client = new DepotClient(flags.url);
  if (flags.full !== undefined && files.length > 1) {
    throw new Error('--full belongs to one kernel: push one file at a time');
  }
  const pushed: Pushed[] = [];
  for (const file of files) {
    const progress = uploadProgress(file, flags.json !== true && process.stderr.isTTY);
    try {
      const done = await pushFile(client, file, { ...optionsOf(flags), onProgress: progress.show });
      pushed.push(done);
    } finally {
      progress.stop();
    }
  }
  if (flags.json) printJson(pushed);
  else for (const done of pushed) await report(client, done);
  if (pushed.some(({ status }) => status.state !== 'ready')) process.exitCode = 1;
}

function optionsOf(flags: Flags): PushOptions {
  const { full, buildId, delivery, arch, distro, release, extras } = flags;
  const query = { buildId, delivery, arch, distro, release, extras };
  return {
    ...(full !== undefined && { full }),
    query: Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined)),
  };
}

async function report(client: DepotClient, { file, outcome, status }: Pushed): Promise<void> {
  const said = {
    created: 'sent',
    known: 'sent, the depot had it already',
    present: 'the depot has it already, nothing was sent',
  };
  note(`${file}: ${said[outcome]}`);
  const record = await client.record(status.buildId);
  if (record) print(describeKernel(record));
}

/** A bar on a terminal, nothing elsewhere: logs are read later, without it. */
function uploadProgress(file: string, visible: boolean) {
  const bar = new cliProgress.SingleBar({
    format: `${file} [{bar}] {percentage}% {sent} of {size}, {eta_formatted} left`,
    clearOnComplete: true,
    stream: process.stderr,
  });
  let started = false;
  return {
    show: (sent: number, total: number) => {
      if (!visible) return;
      const payload = { sent: formatBytes(sent), size: formatBytes(total) };
      if (started) bar.update(sent, payload);
      else bar.start(total, sent, payload);
      started = true;
    },
    stop: () => {
      if (started) bar.stop();
    },
  };
}
