import { execFile } from 'node:child_process';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withLine } from './addition.ts';
import { ADDITIONS } from './additions.ts';
import { TreeCopy } from './tree-copy.ts';

const root = fileURLToPath(new URL('../../../..', import.meta.url));
const WHOLE_WAY = new URL('./whole-way.ts', import.meta.url);
const CHECK_TYPES = new URL('./check-types.ts', import.meta.url);

let tree: TreeCopy;
const lines = ADDITIONS.flatMap((addition) => addition.lines);
/** The files that have one line more. */
const originals = new Map<string, string>();

beforeAll(() => {
  tree = new TreeCopy();
  for (const { files } of ADDITIONS) {
    for (const [path, text] of Object.entries(files)) tree.write(path, text.trimStart());
  }
  for (const line of lines) {
    const text = tree.read(line.file);
    originals.set(line.file, originals.get(line.file) ?? text);
    tree.write(line.file, withLine(text, line));
  }
});

afterAll(() => tree[Symbol.dispose]());

const timeout = 600_000;

test('what is added goes the whole way', { timeout }, async ({ signal }) => {
  const way = await run<Way>(WHOLE_WAY, signal);
  expect(way.pushed).toMatch(/^ {2}units .* 1 units, 1 types$/m);
  expect(way.record.parts.units).toMatchObject({ units: 1, types: 1, origin: 'dwarf' });
  expect(way.record.levels).toMatchObject({ gzip: 12, lz4: 3 });
  expect(way.status.report.parts.units).toMatchObject({ units: 1, types: 1 });
  expect([way.types, way.carried, way.served]).toEqual([1, true, true]);
  expect(way.sections).toEqual({
    'btf_vmlinux.ko': ['.BTF.vars', '.BTF.inlines', '.BTF.units'],
    'btf_calls.ko': ['.BTF.inlines'],
    'btf_vmlinux_inline.ko': ['.BTF.inline'],
  });
  expect(way.unpacked).toEqual([
    ['btf_vmlinux.ko.lz4', true],
    ['btf_calls.ko.lz4', true],
    ['btf_vmlinux_inline.ko.lz4', true],
  ]);
  for (const name of [
    'vmlinux.units.btf',
    'btf_calls.ko',
    'btf_calls.ko.gz',
    'btf_vmlinux.ko.lz4',
  ]) {
    expect(way.manifest).toMatch(new RegExp(`^artifact \\w+ \\d+ ${name}$`, 'm'));
  }
  expect(way.misses).toMatchObject([{ code: 'no-units' }, { code: 'no-units' }]);
  expect([way.collected, way.checked]).toMatchObject([{ collected: [] }, { findings: [] }]);
  expect(way.damaged).toMatchObject({
    findings: [
      { code: 'missing-blob', what: 'units' },
      { code: 'missing-blob', what: 'vmlinux.units.btf' },
    ],
  });
  expect(way.split).toMatch(/^parts\/vmlinux\.units\.btf .* 1 types, 1 units$/m);
  expect(way.made).toEqual(['.BTF.vars']);
  expect(way.card).toBe('Units 43 B 1 unit');
});

test('the types ask for every line of it', { timeout }, async ({ signal }) => {
  const input = JSON.stringify(Object.fromEntries(originals));
  const { errors, without } = await run<Types>(CHECK_TYPES, signal, input);
  expect(errors).toEqual([]);
  expect(without).toHaveLength(lines.length);
  const unasked = without.filter(({ error }) => error === undefined);
  expect(unasked.map(({ what, table }) => `${what}: ${table}`)).toEqual([]);
});

interface Way {
  pushed: string;
  record: { parts: Record<string, unknown>; levels: unknown };
  status: { report: { parts: Record<string, unknown> } };
  types: number;
  sections: Record<string, string[]>;
  carried: boolean;
  served: boolean;
  unpacked: [string, boolean][];
  misses: unknown[];
  manifest: string;
  collected: unknown;
  checked: unknown;
  damaged: unknown;
  split: string;
  made: unknown;
  card: string;
}

interface Types {
  /** Type errors of the whole copy. */
  errors: string[];
  /** Type errors without a line. */
  without: { what: string; table: string; error?: string }[];
}

/** Runs a script of the copy. @returns its output, as JSON. */
function run<Report>(script: URL, signal: AbortSignal, input = ''): Promise<Report> {
  return new Promise((resolve, reject) => {
    const path = relative(root, fileURLToPath(script));
    const options = { cwd: tree.folder, maxBuffer: 2 ** 26, signal };
    const child = execFile(process.execPath, [path], options, (error, stdout, stderr) => {
      if (error) reject(new Error(stderr, { cause: error }));
      else resolve(JSON.parse(stdout) as Report);
    });
    child.stdin?.end(input);
  });
}
