// One run of the bench `btf`, in its own process, as JSON: `btf-run.ts index CORE`, `dump CORE`,
// `operations CORE FULL`. Seconds and bytes.
import { openSync, readFileSync, writeSync } from 'node:fs';
import { dedupBtf, dumpRaw, mergeBtf, parseBtf, printVariable, type Btf } from '@btf-depot/btf';
import { attachVariables, listVariables } from '@btf-depot/extras';

const started = performance.now();
const [, , what, core = '', full = ''] = process.argv;

const seconds = (action: () => unknown): number => {
  const before = performance.now();
  action();
  return (performance.now() - before) / 1000;
};
/** The fastest of several runs. */
const warm = (rounds: number, action: () => unknown): number =>
  Math.min(...Array.from({ length: rounds }, () => seconds(action)));

/** Parsing, and the index of names, which the first look-up makes. */
function index(bytes: Uint8Array): Btf {
  const btf = parseBtf(bytes);
  btf.find('task_struct');
  return btf;
}

function used(): number {
  // --expose-gc defines it.
  (globalThis as { gc?: () => void }).gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function indexRun() {
  const bytes = readFileSync(core);
  const before = used();
  let btf: Btf | undefined;
  const first = seconds(() => (btf = index(bytes)));
  const memory = used() - before;
  const again = warm(20, () => index(bytes));
  return { first, again, memory, types: btf?.typeCount ?? 0, input: bytes.length };
}

function dumpRun() {
  const output = openSync('/dev/null', 'w');
  let btf: Btf | undefined;
  const work = seconds(() => {
    btf = parseBtf(readFileSync(core));
    writeSync(output, dumpRaw(btf));
  });
  const again = warm(10, () => btf && dumpRaw(btf));
  return { start: started / 1000, work, again };
}

function operationsRun() {
  const [base, all] = [core, full].map((file) => parseBtf(readFileSync(file)));
  let extra = base;
  const attach = seconds(() => {
    extra = parseBtf(attachVariables(base, all).bytes, { base });
  });
  const merge = seconds(() => mergeBtf(extra));
  const variables = listVariables(extra).filter((_, place) => place % 10 === 0);
  const print = (): number[] =>
    variables.map(({ id }) => seconds(() => printVariable(extra, id))).sort((a, b) => a - b);
  print();
  const times = print();
  const [variable, slow] = [0.5, 0.99].map((part) => times[Math.floor(times.length * part)]);
  const merged = parseBtf(mergeBtf(extra));
  const dedup = seconds(() => dedupBtf(merged));
  return { attach, merge, variable, slow, dedup };
}

export type IndexRun = ReturnType<typeof indexRun>;
export type DumpRun = ReturnType<typeof dumpRun>;
export type OperationsRun = ReturnType<typeof operationsRun>;

const runs = { index: indexRun, dump: dumpRun, operations: operationsRun };
const run = runs[what as keyof typeof runs];
process.stdout.write(JSON.stringify(run()));
