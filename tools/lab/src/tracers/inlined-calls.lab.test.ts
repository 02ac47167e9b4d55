import type { InlineSite } from '@btf-depot/contracts';
import { askSites, finish, openSites, splitKernel, type SiteSource } from '@btf-depot/depot';
import { readElf } from '@btf-depot/elf';
import type { Kernel } from '@btf-depot/kernels';
import { openFileSource } from '@btf-depot/compute';
import { beforeAll, expect, it } from 'vitest';
import { boot, type Booted } from '../index.ts';
import { PatchedPlaces } from './patched-places.ts';
import { describeInLab, inFull } from '../testing.ts';

/** Places where a parameter's value is known, because the guest's own system calls give it. */
const KNOWN = [
  { event: 'kill', function: 'prepare_kill_siginfo', caller: '__x64_sys_kill', parameter: 'sig' },
  { event: 'mkdir', function: 'getname_flags', caller: '__x64_sys_mkdir', parameter: 'filename' },
  {
    event: 'task',
    function: 'find_task_by_pid_ns',
    caller: 'find_task_by_vpid',
    parameter: 'nr',
  },
] as const;

const TRACING = '/sys/kernel/debug/tracing';
/** Sites that are only probed to see whether the kernel finds an instruction there. */
const PUT = 300;

for (const name of inFull(['K612'], ['K72'])) {
  describeInLab(name, 'kprobes at inlined calls', (kernel) => {
    let sites: SiteSource;
    let booted: Booted;
    beforeAll(async () => {
      sites = sitesOf(kernel);
      booted = await bootWithProbes(kernel, sites);
    });

    it('read the values of parameters where the locations say', () => {
      expect(booted.step('define')).toMatchObject({ status: 0, output: '' });
      const { output } = booted.step('trace');
      expect(output).toMatch(/: kill: .* sig=10$/m);
      expect(output).toMatch(/: mkdir: .* filename="\/tmp\/inlined-here"$/m);
      const [, pid] = /^pid (\d+)$/m.exec(output) ?? [];
      expect(Number(pid)).toBeGreaterThan(1);
      expect(output).toMatch(new RegExp(`: task: .* nr=${pid ?? '?'}$`, 'm'));
    });

    it('are taken at each site but where the kernel refuses all probes, for a reason that it says or has', () => {
      const { output, kernelLog } = booted.step('put');
      const [, taken, refused] = /^taken (\d+) refused (\d+)$/m.exec(output) ?? [];
      expect(Number(taken) + Number(refused)).toBe(PUT);
      expect(Number(taken)).toBeGreaterThan(PUT * 0.6);
      const why = reasons(kernel, sites, { output, kernelLog });
      expect(why.size).toBe(Number(refused));
      const counts = new Map<string, number>();
      for (const reason of why.values()) counts.set(reason, (counts.get(reason) ?? 0) + 1);
      if (process.env.BTFDEPOT_LAB === 'full') {
        process.stderr.write(`${name}: ${taken} taken, refused ${JSON.stringify([...counts])}\n`);
      }
      const unexplained = [...why].filter(([, reason]) => reason === 'unexplained');
      expect(unexplained).toEqual([]);
    });

    it('leave the kernel without a complaint', () => {
      for (const step of ['define', 'trace', 'put']) {
        expect(booted.step(step).kernelLog).not.toMatch(/BUG|Oops|Call Trace/);
      }
    });
  });
}

function sitesOf({ vmlinux }: Kernel): SiteSource {
  using file = openFileSource(vmlinux);
  const { core, inlines, arch } = splitKernel({ kernel: file }, { extras: ['inlines'] });
  if (!inlines) throw new Error('the kernel has no inlined calls');
  return openSites({
    core: core.bytes,
    inlines: inlines.bytes,
    map: inlines.map.bytes,
    arch,
  });
}

async function bootWithProbes(kernel: Kernel, source: SiteSource): Promise<Booted> {
  const put = someProbes(source).map((probe, index) => `p:put/at${index} ${probe}\n`);
  return await boot(kernel, {
    files: [
      { path: 'events', bytes: Buffer.from(KNOWN.map((one) => eventOf(source, one)).join('')) },
      { path: 'put', bytes: Buffer.from(put.join('')) },
    ],
    steps: [
      {
        name: 'define',
        run: `cat /events > ${TRACING}/kprobe_events && echo 1 > ${TRACING}/events/kprobes/enable`,
      },
      {
        name: 'trace',
        run: `sleep 60 & pid=$!; echo "pid $pid"
mkdir /tmp/inlined-here; taskset -p $pid > /dev/null; kill -USR1 $pid
cat ${TRACING}/trace; echo 0 > ${TRACING}/events/kprobes/enable`,
      },
      {
        name: 'put',
        run: `taken=0; refused=0
while read line; do
  if echo "$line" >> ${TRACING}/kprobe_events 2> /dev/null; then taken=$((taken + 1))
  else
    refused=$((refused + 1))
    echo "refused \${line##* } $(sed -n 's/.*error: //p' ${TRACING}/error_log | tail -n 1)"
  fi
done < /put
echo "taken $taken refused $refused"; cat /sys/kernel/debug/kprobes/blacklist`,
      },
    ],
  });
}

/** The definition of a kprobe event that reads the parameter at the site in `caller`. */
function eventOf(
  source: SiteSource,
  { event, function: name, caller, parameter }: (typeof KNOWN)[number],
): string {
  const { sites } = finish(askSites(source, { function: name, limit: 1000, skip: 0 }));
  const site = sites.find((one) => one.caller?.name === caller);
  const fetch = site?.parameters.find((one) => one.name === parameter)?.fetch;
  if (!site?.probe || fetch === undefined) throw new Error(`${name} in ${caller}: nothing to read`);
  // The target of a pointer, at any address.
  const [place] = fetch.split(':');
  const argument = parameter === 'filename' ? `+0(${place}):ustring` : fetch;
  return `p:${event} ${site.probe} ${parameter}=${argument}\n`;
}

/** Why the kernel refused probes: by its messages, or by the places that it patches. */
function reasons(
  { vmlinux }: Kernel,
  { map }: SiteSource,
  { output, kernelLog }: { output: string; kernelLog: string },
): Map<string, string> {
  using file = openFileSource(vmlinux);
  const elf = readElf(file);
  const patched = new PatchedPlaces(elf);
  const notrace = new Set(
    Array.from(kernelLog.matchAll(/Could not probe notrace function (\S+)/g), ([, name]) => name),
  );
  // Ranges of hidden addresses, and the function in which each begins.
  const blacklist = new Set(
    Array.from(output.matchAll(/^0x[0-9a-f]+-0x[0-9a-f]+\t([^+\s]+)/gm), ([, name]) => name),
  );
  const found = new Map<string, string>();
  for (const [, probe, error] of output.matchAll(/^refused (\S+) (.*)$/gm)) {
    const [symbol, distance] = probe.split('+');
    const start = elf.symbol(symbol)?.value ?? 0n;
    const address = start + BigInt(distance ?? 0);
    const where = map?.locate(address);
    const caller = (where && map?.place(where.section, where.offset)?.caller?.name) ?? symbol;
    const isNotrace = notrace.has(caller);
    const isListed = blacklist.has(caller) || patched.sectionOf(address) !== '.text';
    const reason = isNotrace ? 'notrace' : isListed ? 'blacklist' : patched.at(address);
    found.set(probe, reason ?? (/boundary/i.test(error) ? error : 'unexplained'));
  }
  return found;
}

/** Places all over the kernel. */
function someProbes({ table, map }: SiteSource): string[] {
  const probes = new Set<string>();
  const step = Math.floor(table.count / (PUT * 3));
  for (let number = 0; probes.size < PUT && number < table.count; number += step) {
    const { section, offset }: Pick<InlineSite, 'section' | 'offset'> = table.site(number);
    const probe = map?.place(section, offset)?.probe;
    if (probe !== undefined) probes.add(probe);
  }
  return [...probes];
}
