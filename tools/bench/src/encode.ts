import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { provideKernel } from '@btf-depot/kernels';
import { run } from '@btf-depot/services/provision';
import { median, type Bench } from './bench.ts';
import { runPahole, type PeerRun } from './vars.ts';

/** Report of one of our runs; seconds and bytes. */
export interface EncodeRun {
  /** Until our code's first line. */
  start: number;
  /** Everything after that. */
  work: number;
  cpu: number;
  /** Largest resident memory. */
  memory: number;
}

/** pahole's default output, in two jobs; both sides skip Rust. */
const PAHOLE = ['-J', '-j2', '--btf_features=default', '--lang_exclude=rust'];

type Measured = EncodeRun & { wall: number };

/**
 * K612's core from its DWARF, beside pahole with two jobs on the same file, in turns. Both
 * processes report their largest resident memory, with pages of files.
 */
export const encodeBench: Bench = async ({ quick }) => {
  const { vmlinux } = await provideKernel('K612');
  const folder = await mkdtemp(join(tmpdir(), 'btf-depot-bench-'));
  try {
    const rounds = quick ? 1 : 5;
    const all: Record<'types' | 'core' | 'all', Measured[]> = { types: [], core: [], all: [] };
    const peer: PeerRun[] = [];
    for (let round = 0; round < rounds; round++) {
      for (const what of ['types', 'core', 'all'] as const) {
        all[what].push(await runEncode(vmlinux, join(folder, what), what));
      }
      peer.push(await runPahole(vmlinux, join(folder, 'pahole.btf'), PAHOLE));
    }
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
      ours: median(all.core.map((one) => one[field])) * scale,
      peer: { name: 'pahole -j2', value: median(peer.map((one) => one[field])) * scale },
      ratio: median(all.core.map((one, round) => one[field] / (peer[round]?.[field] ?? NaN))),
    });
    const beside = (what: string, of: 'types' | 'all', goal = '') => ({
      what,
      unit: 's',
      goal,
      ours: median(all[of].map(({ cpu }) => cpu)),
      peer: { name: 'core', value: median(all.core.map(({ cpu }) => cpu)) },
      ratio: median(all[of].map(({ cpu }, round) => cpu / (all.core[round]?.cpu ?? NaN))),
    });
    return {
      on: `K612, median of ${rounds} alternating rounds`,
      rows: [
        compare('core, whole process', 's', '≤ 1.0, aim 0.6', 'wall'),
        compare('processor time', 's', '≤ 1.0, aim 0.7', 'cpu'),
        compare('memory', 'MB', '≤ 0.7, aim 0.4', 'memory', 1e-6),
        beside('processor time, types and functions alone', 'types'),
        beside('processor time, core, variables and inlined calls', 'all', '≤ 1.6, aim 1.3'),
        {
          what: '  memory of that',
          unit: 'MB',
          ours: median(all.all.map(({ memory }) => memory)) * 1e-6,
        },
      ],
    };
  } finally {
    await rm(folder, { recursive: true });
  }
};

async function runEncode(vmlinux: string, output: string, what: string): Promise<Measured> {
  const script = fileURLToPath(import.meta.resolve('./encode-run.ts'));
  // As in the bench `vars`.
  const args = ['--max-semi-space-size=8', script, vmlinux, output, what];
  const env = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'btf-depot-bench-compiled') };
  const before = performance.now();
  const said = JSON.parse(await run(process.execPath, args, { env })) as EncodeRun;
  return { ...said, wall: (performance.now() - before) / 1000 };
}
