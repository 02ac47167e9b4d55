import { carrierReason, type KernelRecord } from '@btf-depot/contracts';
import type { System } from '../../running/running-system.ts';

/** The depots' answer about a kernel. */
export interface DepotAnswer {
  readonly url: string;
  /** Why no depot answered. */
  readonly error?: string;
  readonly record?: KernelRecord | undefined;
}

/** `now`: it works. `possible`: after what `next` says. `no`: for the reasons given. */
type Outlook = 'now' | 'possible' | 'no';

interface Way {
  /** A tracer's need. */
  readonly goal: string;
  readonly outlook: Outlook;
  /** Obstacles and warnings. */
  readonly why: readonly string[];
  readonly next?: string;
}

export interface Diagnosis {
  readonly ways: Readonly<Record<'ksyms' | 'addresses' | 'files' | 'core', Way>>;
  /** Whether the variables of this kernel are available here, in any way. */
  readonly healthy: boolean;
}

/**
 * What would work on this system with the depot's files.
 * @param isHere the system is this one, not another's files.
 */
export function diagnose(system: System, depot: DepotAnswer, { isHere = true } = {}): Diagnosis {
  // On another machine `--running` would mean that machine's kernel.
  const kernel = isHere ? '--running' : (system.buildId ?? 'BUILD-ID');
  const lacks = depotLacks(system, depot);
  const withoutVars = lacks.length === 0 ? lacksVars(depot) : lacks;
  const url = depot.url;
  const ksyms = wayToKsyms(system, depot, lacks, kernel);
  const addresses = wayToAddresses(system, depot, withoutVars, kernel);
  const files = way('types and variables in one BTF, for bpftrace, bpftool, libbpf', withoutVars, {
    next: `btfdepot get --url ${url} ${kernel} vmlinux.full.btf`,
  });
  const core = wayToCore(system, depot, lacks, kernel);
  const healthy = [ksyms, addresses].some(({ outlook }) => outlook !== 'no');
  return { ways: { ksyms, addresses, files, core }, healthy };
}

/** Why the depot does not help. */
function depotLacks({ buildId }: System, { error, record }: DepotAnswer): string[] {
  if (buildId === undefined) return ['the kernel does not expose its build ID'];
  if (error !== undefined) return [`no depot answers: ${error}`];
  if (!record) return ['the depot does not know this kernel; push its vmlinux or package'];
  if (record.state !== 'ready') return [`its state in the depot is ${record.state}`];
  return [];
}

const NO_VARIABLES =
  'the depot has no variables of it; push its vmlinux or package with debug information';

function lacksVars({ record }: DepotAnswer): string[] {
  return record?.parts.vars ? [] : [NO_VARIABLES];
}

function wayToKsyms(
  system: System,
  { url, record }: DepotAnswer,
  lacks: string[],
  kernel: string,
): Way {
  const goal = 'typed variables for BPF programs (extern … __ksym)';
  const kallsyms =
    system.symbols?.data === false
      ? ['CONFIG_KALLSYMS_ALL is off, so the verifier finds no variable']
      : [];
  if (system.carriers.length > 0) {
    return kallsyms.length > 0
      ? { goal, outlook: 'no', why: kallsyms }
      : { goal, outlook: 'now', why: [`${system.carriers.join(', ')} is loaded`] };
  }
  const why = [...lacks, ...kallsyms];
  if (!system.btf) why.push('the kernel has no BTF for the variables to refer to');
  if (system.takesModules === false) why.push('the kernel loads no modules');
  if (record && lacks.length === 0) {
    if (system.btf && system.btf.sha256 !== record.core.sha256) {
      why.push("the kernel's BTF differs from the depot's core of this build ID");
    }
    if (!Object.hasOwn(record.artifacts, 'btf_vmlinux_ksyms.ko')) {
      why.push(
        `the depot has no carrier for it: ${carrierReason(record.carrier?.why ?? 'no-vars')}`,
      );
    } else if (record.carrier?.why === 'not-tried') {
      why.push(carrierReason('not-tried'));
    } else if (record.carrier?.loadable !== true) {
      why.push(
        `the kernel would not load its carrier: ${carrierReason(record.carrier?.why ?? '?')}`,
      );
    }
    if (system.enforcesSignatures && record.carrier?.signed !== true) {
      why.push('the kernel loads only signed modules, and the carrier is not signed');
    }
  }
  const load = `btfdepot get --url ${url} ${kernel} btf_vmlinux_ksyms.ko && insmod btf_vmlinux_ksyms.ko`;
  return way(goal, why, { next: load });
}

function wayToAddresses(
  { symbols }: System,
  { url }: DepotAnswer,
  lacks: string[],
  kernel: string,
): Way {
  const next = `btfdepot vars --url ${url} ${kernel} NAME --as json`;
  const found = way('variables by their address, without loading anything', lacks, { next });
  if (found.outlook === 'no' || symbols?.addresses !== false) return found;
  const why = [
    'kallsyms shows no addresses here; root finds _stext in /proc/kcore, BPF finds it ' +
      '(docs/tracers.md)',
  ];
  return { ...found, why };
}

const ENCODED =
  'the kernel was built without BTF, and the depot made it of its debug information: for libbpf ' +
  'and tools it is a file in their search path, and no module to load';

function wayToCore(
  system: System,
  { url, record }: DepotAnswer,
  lacks: string[],
  kernel: string,
): Way {
  const goal = "the kernel's types for CO-RE programs";
  if (system.btf) return { goal, outlook: 'now', why: ['the kernel has BTF of its own'] };
  if (system.placed !== undefined) return { goal, outlook: 'now', why: [system.placed] };
  const why = [...lacks];
  if (record?.delivery === 'builtin') why.push('the depot says that its BTF is built in');
  const { release = '$(uname -r)' } = system;
  const place = `/lib/modules/${release}/vmlinux-${release}`;
  const next = `btfdepot get --url ${url} ${kernel} btf_vmlinux.ko -o ${place}`;
  const found = way(goal, why, { next });
  if (found.outlook === 'no' || !record?.core.encoded) return found;
  return { ...found, why: [ENCODED] };
}

function way(goal: string, why: readonly string[], { next }: { next: string }): Way {
  return why.length > 0 ? { goal, outlook: 'no', why } : { goal, outlook: 'possible', why, next };
}
