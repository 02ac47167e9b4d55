// node libs/extras/src/testing/fuzz-main.ts [RUNS [SEED]]: many mutations of DWARF in one run, a
// line for each block. A failure names its seed: repeat it with RUNS 1 and that seed minus one.
import { fuzzDwarf } from './fuzz-dwarf.ts';

const BLOCK = 20_000;

const [runs = 1_000_000, seed = 0] = process.argv.slice(2).map(Number);
let [values, errors] = [0, 0];
for (let done = 0; done < runs; done += BLOCK) {
  const count = Math.min(BLOCK, runs - done);
  const report = fuzzDwarf({ seed: seed + done, runs: count });
  values += report.values;
  errors += report.errors;
  process.stdout.write(
    `${done + count} mutations: ${values} read, ${errors} errors; slowest of the block ` +
      `${Math.round(report.milliseconds)} ms; ${Math.round(process.memoryUsage.rss() / 2 ** 20)} MiB\n`,
  );
}
