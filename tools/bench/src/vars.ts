import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { fullBtfFlags, provideKernel } from '@btf-depot/kernels';
import { programCommand, run, type DebianProgram } from '@btf-depot/services/provision';
import { median, type Bench } from './bench.ts';

/** Comes with every kernel (tools/kernels). */
const pahole: DebianProgram = { name: 'pahole', suite: 'trixie', packages: ['pahole'] };

/** Report of one of our runs; seconds and bytes. */
export interface VarsRun {
  variables: number;
  /** Until our code's first line: Node, and stripping of types. */
  start: number;
  /** Reading the file. */
  read: number;
  /** Until the last unit was done, including reading; only encoding remains then. */
  units: number;
  /** Everything after `start`, including reading. */
  work: number;
  cpu: number;
  /** Largest resident memory. */
  memory: number;
}

export interface PeerRun {
  wall: number;
  cpu: number;
  memory: number;
}

/** Variables from K612's DWARF, beside pahole with two jobs on the same file, in turns. */
export const varsBench: Bench = async ({ quick }) => {
  const { vmlinux } = await provideKernel('K612');
  const folder = await mkdtemp(join(tmpdir(), 'btf-depot-bench-'));
  try {
    const rounds = quick ? 1 : 5;
    const ours: (VarsRun & { wall: number; walk: number })[] = [];
    const peer: PeerRun[] = [];
    for (let round = 0; round < rounds; round++) {
      const before = performance.now();
      const whole = await runOurs(vmlinux, join(folder, 'vars.btf'));
      const wall = (performance.now() - before) / 1000;
      ours.push({ ...whole, wall, walk: (await runOurs(vmlinux)).work });
      peer.push(await runPahole(vmlinux, join(folder, 'full.btf')));
    }
    const of = (take: (one: (typeof ours)[number]) => number): number => median(ours.map(take));
    const compare = (
      what: string,
      unit: string,
      goal: string,
      field: keyof PeerRun,
      scale = 1,
    ) => ({
      what,
      unit,
      goal,
      ours: of((one) => one[field]) * scale,
      peer: { name: 'pahole -j2', value: median(peer.map((one) => one[field])) * scale },
      ratio: median(ours.map((one, round) => one[field] / (peer[round]?.[field] ?? NaN))),
    });
    return {
      on: `K612, ${of((one) => one.variables)} variables, median of ${rounds} alternating rounds`,
      rows: [
        compare('whole process', 's', '≤ 0.3', 'wall'),
        compare('processor time', 's', '≤ 0.4', 'cpu'),
        compare('memory', 'MB', 'ours ≤ 512 MB', 'memory', 1e-6),
        { what: '  Node starts', unit: 's', ours: of((one) => one.start) },
        { what: '  read', unit: 's', ours: of((one) => one.read) },
        { what: '  walk', unit: 's', ours: of((one) => one.walk - one.read) },
        { what: '  attach', unit: 's', ours: of((one) => one.units - one.walk) },
        { what: '  encode, write', unit: 's', ours: of((one) => one.work - one.units) },
      ],
    };
  } finally {
    await rm(folder, { recursive: true });
  }
};

/** `inlines`: output for the inlined calls. */
export async function runOurs(
  vmlinux: string,
  output?: string,
  inlines?: string,
): Promise<VarsRun> {
  const script = fileURLToPath(import.meta.resolve('./vars-run.ts'));
  const outputs = [output, inlines].filter((path) => path !== undefined);
  // A third of the depot threads' memory for young objects (pool.ts).
  const args = ['--max-semi-space-size=8', script, vmlinux, ...outputs];
  // As in the command line: sources are compiled once, not for each run.
  const env = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'btf-depot-bench-compiled') };
  return JSON.parse(await run(process.execPath, args, { env })) as VarsRun;
}

export async function runPahole(
  vmlinux: string,
  output: string,
  flags: readonly string[] = fullBtfFlags,
): Promise<PeerRun> {
  const command = programCommand(pahole, 'usr/bin/pahole');
  const args = [...command, ...flags, `--btf_encode_detached=${output}`, vmlinux];
  const before = performance.now();
  // The shell's `times` gives a child's CPU time everywhere.
  const shell = spawn('sh', ['-c', '"$@" && times', 'sh', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let memory = 0;
  const watch = setInterval(() => {
    void residentOfChild(shell.pid).then((now) => (memory = Math.max(memory, now)));
  }, 50);
  const said = await text(shell.stdout);
  clearInterval(watch);
  const wall = (performance.now() - before) / 1000;
  return { wall, cpu: childTimes(said), memory };
}

/** User and system time of the children: the second of the two lines, `0m1.25s 0m0.50s`. */
function childTimes(said: string): number {
  const line = said.trim().split('\n').at(-1) ?? '';
  const times = [...line.matchAll(/(\d+)m([\d.]+)s/g)];
  if (times.length !== 2) throw new Error(`pahole failed, or times says: ${said}`);
  return times.reduce(
    (sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds),
    0,
  );
}

/** Largest resident memory of the process's only child so far; 0 if it is gone. */
async function residentOfChild(parent: number | undefined): Promise<number> {
  try {
    const children = await readFile(`/proc/${parent}/task/${parent}/children`, 'utf8');
    const status = await readFile(`/proc/${children.trim()}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
