// Walks at random through faults for some minutes: see --help.
import { parseArgs } from 'node:util';
import { isWell, walk, type Walked } from './walk.ts';

const HELP = `Usage: node apps/e2e/src/fault-walk/main.ts [options]

Starts Redis, MinIO and two processes of each service, uploads and reads kernels all the time, and
does to them what happens to machines: processes are killed and suspended, Redis and the store are
stopped, silent, full, flushed, disks are filled, the clock jumps, blobs and records are changed, cut
and removed, and a compressor of an earlier version takes part. In the end whatever is damaged is
repaired and sent again, and every kernel that was acknowledged is read.

Options:
  --minutes N  how long faults go on (3)
  --seed N     what chance begins with (1); walks of one seed are alike, not the same, since each
               process takes its own time
  --patience S how many seconds a kernel may take until it counts as lost, and a depot after a fault
               until it counts as not recovered (180); a machine with other work needs more
  --logs DIR   writes there what each process said
  --json       prints the figures as JSON
  --help       prints this

Exit status: 0 if nothing was lost, no wrong byte was served, and the store is whole in the end;
1 if not; 2 if the walk itself could not be made.
`;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    patience: { type: 'string', default: '180' },
    logs: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
const patience = Number(values.patience);

if (values.help) {
  process.stdout.write(HELP);
} else if (!(minutes > 0) || !(patience > 0) || !Number.isSafeInteger(seed)) {
  process.stderr.write('--minutes and --patience take a number above 0, --seed a whole number\n');
  process.exitCode = 2;
} else {
  try {
    const onStep = (line: string) => {
      process.stderr.write(`${line}\n`);
    };
    const walked = await walk({ minutes, seed, patience, logs: values.logs, onStep });
    process.stdout.write(values.json ? `${JSON.stringify(walked, null, 2)}\n` : told(walked));
    process.exitCode = isWell(walked) ? 0 : 1;
  } catch (error) {
    process.stderr.write(
      `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    process.exitCode = 2;
  }
}

function told(walked: Walked): string {
  const { reads, healed, lost, wrong, unrecovered, findings } = walked;
  const list = (what: readonly unknown[]) =>
    what.map((one) => `  ${typeof one === 'string' ? one : JSON.stringify(one)}\n`).join('');
  const faults = Object.entries(walked.faults).map(
    ([name, { done, times, median, longest }]) =>
      `  ${name.padEnd(40)} ${String(done).padStart(5)}` +
      (times === undefined ? '' : `  well after ${median} s, ${longest} s at most (${times})`),
  );
  return `${faults.join('\n')}
seed ${walked.seed}, ${walked.minutes} minutes
${walked.uploads} uploads: ${walked.acknowledged} acknowledged, ${walked.refused} refused
${walked.kernels} kernels, ${walked.damaged} of them damaged, ${lost.length} lost
${list(lost)}${reads.reads} reads: ${reads.complete} complete, ${reads.refused} refused, ${reads.cut} cut, ${reads.wrong} wrong
${list(wrong)}whole again: ${healed.byItself} by themselves, ${healed.byPush} by push, ${healed.byRepair} by repair
faults from which no new kernel recovered: ${unrecovered.length}
${list(unrecovered)}in the end: ${findings.length} findings of fsck, ${walked.orphans} orphans
${list(findings)}`;
}
