import { readFileSync } from 'node:fs';
import type { SignedDepot } from '@btf-depot/device';
import type { Kernel } from '@btf-depot/kernels';
import { buildIdOfFile } from '../device/build-id.ts';
import { compileBpf, compileGo, compileWithLibbpf } from '../programs/compile.ts';
import { guestDrgn } from '../programs/drgn.ts';
import { guestFile } from '../guest-file.ts';
import { guestProgram } from '../programs/guest-program.ts';
import { boot, HOST_URL, type ArchiveFile, type Booted } from '../index.ts';

/** First steps for the recipes of docs/tracers.md. */
const recipes = (id: string): string => `
from() { wget -qO- ${HOST_URL}/v1/kernels/${id}/vars/$1 | sed 's/.*"fromStext":\\([-0-9]*\\).*/\\1/'; }
kcore() { echo 0x$(head -c 65536 /proc/kcore | sed -n 's/^SYMBOL(_stext)=//p'); }
# An ordinary user with these capabilities; busybox's setpriv knows fewer options.
as() {
  caps=-all,$1
  shift
  /bin/setpriv --reuid 1000 --regid 1000 --clear-groups --inh-caps $caps --ambient-caps $caps -- "$@"
}
# Root with these capabilities only.
limited() {
  caps=-all,$1
  shift
  /bin/setpriv --bounding-set $caps -- "$@"
}
blind() {
  mount -t tmpfs none /sys/kernel/btf
  "$@"
  set -- $?
  umount /sys/kernel/btf
  return $1
}
`;

/** Boots a kernel with tracers and a network to a depot that has it. The steps are `recipes`. */
export async function bootWithTracers(
  kernel: Kernel,
  depot: Pick<SignedDepot, 'url' | 'get'>,
): Promise<Booted> {
  const id = buildIdOfFile(kernel.vmlinux);
  const stored = async (path: string, artifact: string): Promise<ArchiveFile> => ({
    path,
    bytes: await depot.get(`/v1/kernels/${id}/${artifact}`),
  });
  const program = (path: string, bytes: Uint8Array): ArchiveFile => ({
    path,
    bytes,
    executable: true,
  });
  const step = (name: string, run: string) => ({ name, run: recipes(id) + run });
  const read = (tool: string) =>
    `${tool} /limit.o /full.btf 0 $(from fair_sched_class) $(from init_signals)`;
  const libbpf = read('load-custom');
  const cilium = read('tracer run');
  const drgn = `python3 /read-variables.py ${HOST_URL}`;
  const bpftrace = `bpftrace -e "interval:ms:50 {
  printf(\\"limit %d\\\\n\\", ((struct signal_struct *)$(printf 0x%x $(($(kcore) + $(from init_signals)))))->rlim[7].rlim_max);
  exit()
}"`;
  const merged = `export BPFTRACE_BTF=/full.btf;`;
  return await boot(kernel, {
    memoryMib: 2048,
    seconds: 500,
    hostPort: Number(new URL(depot.url).port),
    files: [
      await stored('core.btf', 'vmlinux.btf'),
      await stored('vars.btf', 'vmlinux.vars.btf'),
      await stored('full.btf', 'vmlinux.full.btf'),
      await stored('carrier.ko', 'btf_vmlinux_ksyms.ko'),
      { path: 'pid.o', bytes: await compileBpf('core-process.bpf.c') },
      { path: 'limit.o', bytes: await compileBpf('read-variable.bpf.c') },
      { path: 'ksyms.o', bytes: await compileBpf('ksym-values.bpf.c') },
      { path: 'read-variables.py', bytes: readFileSync(guestFile('read-variables.py')) },
      program('bin/tracer', await compileGo('tracer')),
      program('bin/load-custom', await compileWithLibbpf('load-custom.c')),
      ...(await guestProgram('bpftrace', 'usr/bin/bpftrace')),
      ...(await guestProgram('util-linux', 'usr/bin/setpriv')),
      ...(await guestDrgn()),
    ],
    steps: [
      step(
        'hidden',
        `echo 2 > /proc/sys/kernel/kptr_restrict; grep ' _stext$' /proc/kallsyms; kcore`,
      ),
      step('libbpf-read', `as +bpf,+perfmon ${libbpf}`),
      step('libbpf-no-bpf', `as +perfmon ${libbpf}`),
      step('libbpf-no-perfmon', `as +bpf ${libbpf}`),
      step('libbpf-kcore', `load-custom /limit.o /full.btf $(kcore) 0 $(from init_signals)`),
      step('cilium-read', `as +bpf,+perfmon ${cilium}`),
      step('cilium-no-bpf', `as +perfmon ${cilium}`),
      step('cilium-no-perfmon', `as +bpf ${cilium}`),
      step('drgn-read', `as +sys_rawio,+dac_read_search ${drgn}`),
      step('drgn-no-rawio', `as +dac_read_search ${drgn}`),
      step('drgn-no-read', `as +sys_rawio ${drgn}`),
      step('bpftrace-paranoid', `${merged} limited +bpf,+perfmon ${bpftrace}`),
      step('bpftrace-admin', `${merged} limited +sys_admin ${bpftrace}`),
      step(
        'bpftrace',
        `echo 2 > /proc/sys/kernel/perf_event_paranoid
${merged} blind limited +bpf,+perfmon ${bpftrace}`,
      ),
      step('bpftrace-none', `blind limited +bpf,+perfmon ${bpftrace}`),
      step('bpftrace-user', `as +bpf,+perfmon ${bpftrace}`),
      step('bpftrace-no-bpf', `${merged} limited +perfmon ${bpftrace}`),
      step('bpftrace-no-perfmon', `${merged} limited +bpf ${bpftrace}`),
      step(
        'kallsyms',
        `echo 1 > /proc/sys/kernel/kptr_restrict
a=$(kcore); echo kcore \${a#0x}
echo syslog $(as +syslog sed -n 's/ T _stext$//p' /proc/kallsyms)
echo none $(as +bpf,+perfmon sed -n 's/ T _stext$//p' /proc/kallsyms)`,
      ),
      step('specs', 'tracer specs /core.btf /vars.btf /full.btf init_task'),
      step('libbpf-none', `blind load-custom /pid.o ''`),
      step('libbpf-custom', `blind load-custom /pid.o /full.btf`),
      step('load-nothing', 'as +bpf insmod /carrier.ko'),
      step('load', 'as +sys_module insmod /carrier.ko'),
      step('cilium-core', `tracer run /pid.o ''`),
      step('libbpf-core', `load-custom /pid.o ''`),
      step('ksyms', `as +bpf,+perfmon,+net_admin,+sys_admin load-custom /ksyms.o ''`),
      step('ksyms-no-admin', `as +bpf,+perfmon,+net_admin load-custom /ksyms.o ''`),
      step(
        'integrity',
        `mount -t securityfs none /sys/kernel/security
echo integrity > /sys/kernel/security/lockdown; ${libbpf}`,
      ),
      step('integrity-drgn', drgn),
      step('confidentiality', `echo confidentiality > /sys/kernel/security/lockdown; ${libbpf}`),
      step('confidentiality-drgn', drgn),
    ],
  });
}
