import { btfdepot } from '@btf-depot/testing/processes';
import { testFolder } from '@btf-depot/testing/folders';
import { beforeAll, expect, it } from 'vitest';
import { guestProgram } from '../programs/guest-program.ts';
import { boot, type Booted } from '../index.ts';
import { describeInLab } from '../testing.ts';

const FUNCTIONS = ['kill_pid_info', 'find_task_by_pid_ns', 'path_put'];
const KILLS = 51;
const LOOKS = 20;

const TRACING = '/sys/kernel/tracing';
/** Calls all three: the shell's own kill and stat, and busybox's taskset, which asks for a process. */
const calls = `
n=0; while [ $n -lt ${KILLS} ]; do kill -0 $$; n=$((n + 1)); done
n=0; while [ $n -lt ${LOOKS} ]; do taskset -p $$ > /dev/null; n=$((n + 1)); done`;

const folder = testFolder();

describeInLab(
  'K612',
  'probes at inlined calls, by the lines that `btfdepot inlines` prints',
  (kernel) => {
    let booted: Booted;
    beforeAll(async () => {
      const lines = async (form: string) => {
        const args = ['inlines', kernel.vmlinux, ...FUNCTIONS, '--as', form];
        const { code, output } = await btfdepot(args, folder);
        expect(code, output).toBe(0);
        return { path: `lines.${form}`, bytes: Buffer.from(output) };
      };
      booted = await boot(kernel, {
        memoryMib: 1024,
        seconds: 300,
        files: [
          await lines('kprobe'),
          await lines('bpftrace'),
          ...(await guestProgram('bpftrace', 'usr/bin/bpftrace')),
        ],
        steps: [
          {
            name: 'tracefs',
            run: `mount -t tracefs none ${TRACING}; cd ${TRACING}
cat /lines.kprobe > kprobe_events && echo 1 > events/inlined/enable || exit 1
${calls}
echo 0 > events/inlined/enable
sed -n 's/.*: \\([a-z_0-9]*\\): (\\(.*\\)/\\1 \\2/p' trace
echo > kprobe_events`,
          },
          {
            name: 'bpftrace',
            run: `bpftrace /lines.bpftrace > /seen 2>&1 & pid=$!
n=0; until grep -q Attach /seen || [ $n = 60 ]; do sleep 1; n=$((n + 1)); done
sleep 3
${calls}
sleep 1; kill -INT $pid; wait $pid; cat /seen`,
          },
        ],
      });
    });

    it('count by tracefs the calls that a probe of the function alone does not see', () => {
      const { status, output } = booted.step('tracefs');
      expect(status).toBe(0);
      const seen = (name: string) => output.match(new RegExp(`^${name} `, 'gm'))?.length ?? 0;
      const inlined = (name: string) =>
        output.match(new RegExp(`^${name}_\\d+ `, 'gm'))?.length ?? 0;
      expect(seen('kill_pid_info')).toBe(0);
      expect(inlined('kill_pid_info')).toBe(KILLS);
      expect(output.match(/^kill_pid_info_\d+ .* sig=0 /gm)).toHaveLength(KILLS);
      expect(seen('find_task_by_pid_ns')).toBeLessThan(LOOKS);
      expect(inlined('find_task_by_pid_ns')).toBeGreaterThanOrEqual(LOOKS);
      expect(inlined('path_put')).toBeGreaterThan(0);
      process.stderr.write(
        FUNCTIONS.map((name) => `${name}: alone ${seen(name)}, inlined ${inlined(name)}\n`).join(
          '',
        ),
      );
    });

    it('count the same by bpftrace', () => {
      const { output } = booted.step('bpftrace');
      expect(output.match(/^kill_pid_info in .* sig=0 /gm), output).toHaveLength(KILLS);
      expect(output).not.toMatch(/^kill_pid_info sig/m);
    });
  },
);
