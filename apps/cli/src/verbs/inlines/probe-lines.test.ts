import type { InlineSite } from '@btf-depot/contracts';
import { expect, test } from 'vitest';
import { PROBE_FORMS, probeLines } from './probe-lines.ts';

const parameters = [
  { name: 'sig', type: 'int', where: '', fetch: '%bp:s32' },
  { name: 'info', type: 'struct kernel_siginfo *', where: '', fetch: '+8(%bx):u64' },
  { name: 'name', type: 'const char *', where: '', fetch: '%di:u64' },
  { name: '', type: 'u8', where: '', fetch: '\\7:u8' },
  { name: 'common_pid', type: 'unsigned long', where: '', fetch: '-16(%sp):u64' },
  { name: 'gone', type: 'int', where: 'not available' },
];

const site: InlineSite = {
  function: 'kill.part.0',
  section: '.text',
  offset: 4,
  class: 'outside',
  probe: 'caller+0x4',
  standalone: true,
  parameters,
};

test('an inlined call and the function itself, as lines for tracefs', () => {
  expect(probeLines([site], 'kprobe')).toBe(
    'p:inlined/kill_part_0_1 caller+0x4 sig=%bp:s32 info=+8(%bx):x64 name=+0(%di):string ' +
      'arg4=\\7:u8 common_pid_=-16(%sp):u64 # outside\n' +
      'p:inlined/kill_part_0 kill.part.0\n',
  );
});

test('the same for perf', () => {
  expect(probeLines([{ ...site, class: 'inside' }], 'perf')).toBe(
    "perf probe --add 'inlined:kill_part_0_1=caller+0x4 sig=%bp:s32 info=+8(%bx):x64 " +
      "name=+0(%di):string arg4=\\7:u8 common_pid_=-16(%sp):u64'\n" +
      "perf probe --add 'inlined:kill_part_0=kill.part.0'\n",
  );
});

test('the same for bpftrace', () => {
  expect(probeLines([{ ...site, parameters: parameters.slice(0, 5) }], 'bpftrace')).toBe(
    'kprobe:caller+0x4 { printf("kill.part.0 in caller+0x4 sig=%d info=%p name=%s arg4=%u ' +
      'common_pid_=%lu\\n", (int32)reg("bp"), *(uint64 *)(reg("bx") + 8), str(reg("di")), 7, ' +
      '*(uint64 *)(reg("sp") - 16)); } // outside\n' +
      'kprobe:kill.part.0 { printf("kill.part.0\\n"); }\n',
  );
});

test("bpftrace's names of arm64's registers", () => {
  const one = [{ name: 'n', type: 'long', where: '', fetch: '%x19:s64' }];
  const lines = probeLines([{ ...site, standalone: false, parameters: one }], 'bpftrace');
  expect(lines).toContain('n=%ld\\n", (int64)reg("r19"));');
});

test.each(PROBE_FORMS)('a place without a symbol around it has no line for %s', (form) => {
  expect(probeLines([{ ...site, probe: undefined }], form)).toBe('');
});

test('events and arguments of one name are told apart', () => {
  const twice = [...parameters.slice(0, 1), ...parameters.slice(0, 1)];
  const lines = probeLines([{ ...site, parameters: twice }, site], 'kprobe').split('\n');
  expect(lines[0]).toContain('sig=%bp:s32 sig_=%bp:s32');
  expect(lines.map((line) => /inlined\/\S+/.exec(line)?.[0])).toEqual([
    'inlined/kill_part_0_1',
    'inlined/kill_part_0_2',
    'inlined/kill_part_0',
    undefined,
  ]);
});
