// node libs/btf/src/testing/fuzz-main.ts [RUNS [SEED]]: many mutations in one run, a line for each
// block. A failure names its seed: repeat it with RUNS 1.
import { fuzz } from './fuzz.ts';

const BLOCK = 10_000;

const [runs = 1_000_000, seed = 0] = process.argv.slice(2).map(Number);
let [values, errors] = [0, 0];
for (let done = 0; done < runs; done += BLOCK) {
  const report = fuzz({ seed: seed + done, runs: Math.min(BLOCK, runs - done) });
  values += report.values;
  errors += report.errors;
  const { seed: slowest, milliseconds } = report.slowest;
  const memory = Math.round(process.memoryUsage.rss() / 1024 / 1024);
  process.stdout.write(
    `${done + report.runs} mutations: ${values} read, ${errors} errors; ` +
      `slowest of the block ${Math.round(milliseconds)} ms (seed ${slowest}); ${memory} MiB\n`,
  );
}
