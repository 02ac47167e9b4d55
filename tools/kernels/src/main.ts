// `list` shows kernels and tools, `fetch` gets them.
import { parseArgs } from 'node:util';
import { Absent, hasProgram, provideProgram } from '@btf-depot/services/provision';
import { bareKernel, hasBareKernel, provideBareKernel } from './bare-kernel.ts';
import { hasImage, provideImage } from './image.ts';
import { hasKernel, kernel, provideKernel } from './kernel.ts';
import {
  bareKernelNames,
  bareKernels,
  images,
  kernelNames,
  kernels,
  toolNames,
  tools,
  type BareKernelName,
  type ImageName,
  type KernelName,
  type ToolName,
} from './table.ts';

const usage = `Usage: node tools/kernels/src/main.ts COMMAND [--json]

  list            what is known by name, and what of it is in the cache
  fetch [NAME…]   fetch kernels, images and tools into the cache; without names, the default set

The cache is $BTFDEPOT_CACHE, by default \${XDG_CACHE_HOME:-~/.cache}/btf-depot.
`;

class UsageError extends Error {}

const isKernel = (name: string): name is KernelName => Object.hasOwn(kernels, name);
const isBareKernel = (name: string): name is BareKernelName => Object.hasOwn(bareKernels, name);
const isImage = (name: string): name is ImageName => Object.hasOwn(images, name);
const imageNames = Object.keys(images) as ImageName[];
const isTool = (name: string): name is ToolName => Object.hasOwn(tools, name);

function list() {
  return [
    ...kernelNames.map((name) => {
      const { release, suite, byDefault } = kernels[name];
      return { name, kind: 'kernel', what: release, suite, byDefault, cached: hasKernel(name) };
    }),
    ...bareKernelNames.map((name) => {
      const { release: what, suite } = bareKernels[name];
      return { name, kind: 'bare', what, suite, byDefault: false, cached: hasBareKernel(name) };
    }),
    ...imageNames.map((name) => {
      const { suite, package: what } = images[name];
      return { name, kind: 'image', what, suite, byDefault: false, cached: hasImage(name) };
    }),
    ...toolNames.map((name) => {
      const { suite, packages } = tools[name];
      const what = packages.join(' ');
      return { name, kind: 'tool', what, suite, byDefault: true, cached: hasProgram(tools[name]) };
    }),
  ];
}

async function fetchAll(names: readonly string[]) {
  const wanted =
    names.length > 0 ? names : list().flatMap((one) => (one.byDefault ? [one.name] : []));
  const known = [isKernel, isBareKernel, isImage, isTool];
  const unknown = wanted.filter((name) => !known.some((is) => is(name)));
  if (unknown.length > 0) throw new UsageError(`unknown: ${unknown.join(', ')}; see list`);
  for (const name of wanted) {
    if (isKernel(name)) await provideKernel(name);
    else if (isBareKernel(name)) await provideBareKernel(name);
    else if (isImage(name)) await provideImage(name);
    else if (isTool(name)) await provideProgram(tools[name]);
  }
  return wanted.map((name) => {
    if (isKernel(name)) return kernel(name);
    return isBareKernel(name) ? bareKernel(name) : { name };
  });
}

function table(rows: ReturnType<typeof list>): string {
  const cells = rows.map((row) => [
    row.name,
    row.what,
    row.suite,
    row.byDefault ? 'default' : 'by name',
    row.cached ? 'cached' : '-',
  ]);
  const widths = [0, 1, 2, 3, 4].map((column) =>
    Math.max(...cells.map((row) => row[column]?.length ?? 0)),
  );
  const lines = cells.map((row) => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  '));
  return lines.map((line) => `${line.trimEnd()}\n`).join('');
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });
  const [command, ...names] = positionals;
  const print = (data: unknown, text: string) =>
    process.stdout.write(values.json ? `${JSON.stringify(data, null, 2)}\n` : text);
  if (values.help) process.stdout.write(usage);
  else if (command === 'list' && names.length === 0) print(list(), table(list()));
  else if (command === 'fetch') {
    const fetched = await fetchAll(names);
    const paths = fetched.map((one) => ('vmlinux' in one ? one.vmlinux : one.name));
    print(fetched, `${paths.join('\n')}\n`);
  } else throw new UsageError('which command?');
}

main().catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  const wrongUse =
    error instanceof UsageError ||
    (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS') === true;
  if (!wrongUse && !(error instanceof Absent)) throw error;
  process.stderr.write(`${message}\n${wrongUse ? usage : ''}`);
  process.exitCode = wrongUse ? 2 : 1;
});
