import type { KernelRecord } from '@btf-depot/contracts';
import { DEPOT, routeOf } from '../address.ts';
import { command } from '../copy.ts';
import { h, section, type Child } from '../dom.ts';
import { keptToken } from '../token.ts';

/** Commands to type elsewhere. They contain only names that the depot made. */
export function commands({ buildId, artifacts, parts }: KernelRecord): Child {
  const has = (name: string) => Object.hasOwn(artifacts, name);
  const file = ['btf_vmlinux.ko.gz', 'btf_vmlinux_ksyms.ko.gz', 'vmlinux.btf'].find(has);
  const url = DEPOT.replace(/\/$/, '');
  const needsToken = keptToken() !== undefined;
  const authorization = needsToken ? '-H "Authorization: Bearer $BTFDEPOT_TOKEN" ' : '';
  const lines: [what: string, text: string][] = [];
  if (file !== undefined) {
    lines.push(['Any system', `curl -fO ${authorization}${DEPOT}${routeOf(buildId, file)}`]);
    const other = file === 'btf_vmlinux.ko.gz' ? '' : ` ${file}`;
    lines.push(['With checks, resumable', `npx btfdepot get --url ${url} ${buildId}${other}`]);
  }
  if (has('btf_vmlinux_ksyms.ko')) {
    lines.push(['A device that runs this kernel', `BTFDEPOT_URL=${url} btfdepot-fetch load`]);
  }
  const name = parts.vars ? '.BTF.vars' : '.BTF';
  const find = `debuginfod-find section ${buildId} ${name}`;
  lines.push(["debuginfod's client", `DEBUGINFOD_URLS=${url} ${find}`]);
  return section(
    'Download',
    needsToken && withToken(),
    h(
      'dl',
      { class: 'commands' },
      ...lines.map(([what, text]) =>
        h('div', {}, h('dt', {}, what), h('dd', {}, command(text, `command: ${what}`))),
      ),
    ),
  );
}

function withToken(): HTMLElement {
  const [variable, device, headers] = [
    'BTFDEPOT_TOKEN',
    '/etc/btf-depot/token',
    'DEBUGINFOD_HEADERS_FILE',
  ].map((name) => h('code', {}, name));
  return h(
    'p',
    { class: 'quiet' },
    'With the token in ',
    variable,
    '; a device has it in ',
    device,
    ", debuginfod's client the header in the file that ",
    headers,
    ' names.',
  );
}
