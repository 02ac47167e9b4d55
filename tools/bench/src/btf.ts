import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { provideKernel, provideTools } from '@btf-depot/kernels';
import {
  attempt,
  Absent,
  cached,
  programCommand,
  run,
  say,
  type DebianProgram,
} from '@btf-depot/services/provision';
import type { Bench, Row } from './bench.ts';
import type { DumpRun, IndexRun, OperationsRun } from './btf-run.ts';

/** Comes with every kernel (tools/kernels). */
const bpftool: DebianProgram = { name: 'bpftool', suite: 'bookworm', packages: ['bpftool'] };

interface CiliumRun {
  seconds: number[];
  memory: number;
}

/** The library on K612's core, beside cilium/ebpf in Go and bpftool, in turns. */
export const btfBench: Bench = async ({ quick }) => {
  const { coreBtf, fullBtf } = await provideKernel('K612');
  await provideTools();
  const cilium = await ciliumProgram();
  const rounds = quick ? 1 : 5;
  const ours: { index: IndexRun; dump: DumpRun; operations: OperationsRun }[] = [];
  const peers: { cilium: CiliumRun; bpftool: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    peers.push({
      cilium: JSON.parse(await run(cilium, [coreBtf, '21'])) as CiliumRun,
      bpftool: await dumpWithBpftool(coreBtf),
    });
    ours.push({
      index: await runOurs<IndexRun>('index', coreBtf),
      dump: await runOurs<DumpRun>('dump', coreBtf),
      operations: await runOurs<OperationsRun>('operations', coreBtf, fullBtf),
    });
  }
  // On a busy machine, the fastest of several rounds tells most.
  const least = <T>(runs: readonly T[], take: (one: T) => number): number =>
    Math.min(...runs.map(take));
  type One = (typeof ours)[number];
  const alone = (what: string, goal: string, take: (one: One) => number): Row => ({
    what,
    unit: 'ms',
    ours: least(ours, take) * 1000,
    goal: goal !== '' ? goal : undefined,
  });
  const beside = (
    row: { what: string; unit?: string; goal?: string },
    take: (one: One) => number,
    name: string,
    takePeer: (one: (typeof peers)[number]) => number,
  ): Row => {
    const scale = row.unit === 'MB' ? 1e-6 : 1000;
    const [mine, value] = [least(ours, take) * scale, least(peers, takePeer) * scale];
    return { unit: 'ms', ...row, ours: mine, peer: { name, value }, ratio: mine / value };
  };
  const { types, input } = ours[0].index;
  const inCilium = 'cilium/ebpf';
  return {
    on: `K612's core, ${types} types in ${input} bytes, fastest of ${rounds} alternating rounds`,
    rows: [
      beside(
        { what: 'index, names included', goal: '≤ 1.5, aim ≤ 1' },
        ({ index }) => index.again,
        inCilium,
        ({ cilium: { seconds } }) => Math.min(...seconds.slice(1)),
      ),
      beside(
        { what: '  first in a process' },
        ({ index }) => index.first,
        inCilium,
        ({ cilium: { seconds } }) => seconds[0],
      ),
      beside(
        { what: '  memory beyond the input', unit: 'MB', goal: `≤ ${Math.floor(input / 5e5)} MB` },
        ({ index }) => index.memory,
        inCilium,
        ({ cilium }) => cilium.memory,
      ),
      beside(
        { what: 'raw dump of a file', goal: '≤ 2, aim ≤ 1' },
        ({ dump }) => dump.work,
        'bpftool',
        ({ bpftool }) => bpftool,
      ),
      alone('  Node starts before it', '', ({ dump }) => dump.start),
      alone('  again, in memory', '', ({ dump }) => dump.again),
      alone('attach full onto core', '≤ 500 ms', ({ operations }) => operations.attach),
      alone('merge core and variables', '≤ 50 ms', ({ operations }) => operations.merge),
      alone('one variable as C, median', '≤ 1 ms', ({ operations }) => operations.variable),
      alone('  the slowest hundredth', '', ({ operations }) => operations.slow),
      alone('deduplicate core and variables', '', ({ operations }) => operations.dedup),
    ],
  };
};

async function runOurs<T>(...args: string[]): Promise<T> {
  const script = fileURLToPath(import.meta.resolve('./btf-run.ts'));
  return JSON.parse(await run(process.execPath, ['--expose-gc', script, ...args])) as T;
}

async function dumpWithBpftool(file: string): Promise<number> {
  const command = programCommand(bpftool, 'usr/sbin/bpftool');
  const args = ['btf', 'dump', 'file', file, 'format', 'raw'];
  const before = performance.now();
  await run('sh', ['-c', 'exec "$@" > /dev/null', 'sh', ...command, ...args]);
  return (performance.now() - before) / 1000;
}

/** The Go program beside this file, built into the cache with the module that it names. */
async function ciliumProgram(): Promise<string> {
  const source = fileURLToPath(new URL('./cilium/', import.meta.url));
  const files = (await readdir(source)).sort();
  const texts = await Promise.all(files.map((name) => readFile(join(source, name), 'utf8')));
  const folder = await cached('programs/cilium-index', texts, async (into) => {
    say('building a program on cilium/ebpf with Go');
    const built = await attempt('go', ['build', '-o', into, '.'], { cwd: source });
    if (built.code === 0) return;
    throw new Absent('the program on cilium/ebpf was not built', built.stderr.trim());
  });
  return join(folder, 'cilium-index');
}
