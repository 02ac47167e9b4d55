import type { KernelRecord } from '@btf-depot/contracts';
import { DEFAULT_URL } from '../../options/options.ts';
import { formatTable, printable } from '../../terminal/output.ts';

/** A person's next steps with a new depot and its first kernel. */
export function nextSteps(url: string, kernel: KernelRecord | undefined): string {
  const command = (verb: string, rest: string) =>
    `npx btfdepot ${verb}${url === DEFAULT_URL ? '' : ` --url ${url}`} ${rest}`;
  const rows = [
    ...(kernel
      ? stepsFor(kernel, command)
      : [[command('push', 'VMLINUX'), 'a kernel to begin with']]),
    [url, 'the same in a browser'],
  ];
  return `next, in another shell:\n${formatTable(rows.map(([line, why]) => [`  ${line}`, why]))}`;
}

/** Without variables: the file that has them; with variables: one of them. */
function stepsFor(
  { buildId, release = 'of this kernel', parts }: KernelRecord,
  command: (verb: string, rest: string) => string,
): string[][] {
  if (!parts.vars) {
    return [
      [command('vars', `${buildId} '*task*'`), 'its per-CPU variables by parts of their names'],
      [
        command('push', 'PACKAGE'),
        `its variables: PACKAGE has the debug information of ${printable(release)}`,
      ],
    ];
  }
  return [
    [command('vars', `${buildId} 'init_*'`), 'variables by pattern'],
    [command('vars', `${buildId} init_task`), 'one with its types, as C'],
    ...(parts.inlines
      ? [[command('inlines', `${buildId} get_page`), 'where a function is inlined']]
      : []),
    [command('get', `${buildId} vmlinux.full.btf`), 'types and variables in one file'],
  ];
}
