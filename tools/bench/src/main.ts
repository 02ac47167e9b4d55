// `npm run bench [NAME…]`: our work beside a peer's, in the same run on the same input. To add a
// bench: a file that exports a Bench, and its name here.
import { inspect } from 'node:util';
import { Command } from 'commander';
import type { Bench, BenchOptions } from './bench.ts';
import { formatResults } from './report.ts';

const benches: Record<string, () => Promise<Bench>> = {
  'attack-ingest': async () => (await import('./attack-ingest.ts')).attackIngestBench,
  btf: async () => (await import('./btf.ts')).btfBench,
  encode: async () => (await import('./encode.ts')).encodeBench,
  fetch: async () => (await import('./fetch.ts')).fetchBench,
  ingest: async () => (await import('./ingest.ts')).ingestBench,
  pull: async () => (await import('./pull.ts')).pullBench,
  unpack: async () => (await import('./unpack.ts')).unpackBench,
  inlines: async () => (await import('./inlines.ts')).inlinesBench,
  vars: async () => (await import('./vars.ts')).varsBench,
  'fetch-variables': async () => (await import('./fetch-variables.ts')).variablesBench,
  'fetch-cold': async () => (await import('./fetch-cold.ts')).coldBench,
  'fetch-verified': async () => (await import('./fetch-verified.ts')).verifiedBench,
  'attack-fetch': async () => (await import('./attack-fetch.ts')).attackBench,
  'fetch-search': async () => (await import('./fetch-search.ts')).searchBench,
};

interface Flags extends BenchOptions {
  json?: boolean;
}

const program = new Command('bench')
  .description('Compares with peers on the same work in the same run, and prints ratios.')
  .argument('[name...]', `of ${Object.keys(benches).join(', ')}; by default all`)
  .option('--quick', 'one short round: shows that the bench works, not how fast anything is', false)
  .option('--json', 'print the results as JSON')
  .action(async (names: string[], { quick, json }: Flags) => {
    const unknown = names.find((name) => !Object.hasOwn(benches, name));
    if (unknown !== undefined) program.error(`no bench is named ${unknown}`);
    const results = [];
    for (const name of names.length > 0 ? names : Object.keys(benches)) {
      process.stderr.write(`${name} …\n`);
      try {
        const run = await benches[name]();
        results.push({ bench: name, ...(await run({ quick })) });
      } catch (error) {
        // The others are worth their time.
        process.exitCode = 1;
        process.stderr.write(`${name} failed: ${inspect(error)}\n`);
      }
    }
    process.stdout.write(json ? `${JSON.stringify(results, null, 2)}\n` : formatResults(results));
  });

await program.parseAsync();
