import { NETWORK_SCRIPT } from './network.ts';

/** What a guest is to do, one after the other; each in a shell of its own. */
export interface Step {
  /** Key of its result: letters, digits, dots and dashes. */
  readonly name: string;
  /** A script for busybox's sh. */
  readonly run: string;
}

export interface StepResult {
  readonly status: number;
  /** Standard output and standard error. */
  readonly output: string;
  /** What the kernel logged meanwhile. */
  readonly kernelLog: string;
}

const MARK = '@@lab';

/**
 * The guest's init: mounts what steps need, runs them, and says their results on the console
 * between marks, as base64 so that a message of the kernel in between does no harm to more than
 * one line. Powers off at the end.
 */
export function initScript(steps: readonly Step[], hasNetwork = false): string {
  return [
    '#!/bin/busybox sh',
    '/bin/busybox --install -s /bin',
    'export PATH=/bin:/usr/sbin',
    'mkdir -p /proc /sys /dev /tmp /lab/out',
    'mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev',
    'mount -t tmpfs tmp /tmp; mount -t bpf bpf /sys/fs/bpf; mount -t debugfs debug /sys/kernel/debug',
    ...(hasNetwork ? [NETWORK_SCRIPT] : []),
    'dmesg -n 1; dmesg -c > /lab/boot.log',
    ...steps.map(({ name }) => `sh /lab/step ${name}`),
    `echo '${MARK} done'`,
    // Setting the terminal waits for all that was written to it: the kernel does not, powering off.
    'stty sane',
    'poweroff -f',
    '',
  ].join('\n');
}

/** Runs one step; a file of its own because a step may end its shell. */
export const STEP_SCRIPT = `sh /lab/steps/$1 > /lab/out/output 2>&1 < /dev/null
status=$?
dmesg -c > /lab/out/log
echo "${MARK} begin $1 $status"
gzip -c /lab/out/output | base64
echo "${MARK} log"
gzip -c /lab/out/log | base64
echo "${MARK} end $1"
`;

/** A step's result as it stands on the console, still packed. */
export interface PackedResult {
  readonly name: string;
  readonly status: number;
  readonly output: string;
  readonly kernelLog: string;
}

/** Reads what `initScript` printed. A step that did not end is not there. */
export function readResults(console: string): PackedResult[] {
  const pattern = new RegExp(
    `^${MARK} begin (\\S+) (\\d+)\\r?\\n([^@]*)^${MARK} log\\r?\\n([^@]*)^${MARK} end \\1\\r?$`,
    'gm',
  );
  return Array.from(console.matchAll(pattern), ([, name, status, output, log]) => ({
    name,
    status: Number(status),
    output: base64Lines(output),
    kernelLog: base64Lines(log),
  }));
}

export function hasEnded(console: string): boolean {
  return console.includes(`${MARK} done`);
}

/** Lines that are nothing but base64: what the kernel says in between is left out. */
function base64Lines(text: string): string {
  return text
    .split(/\r?\n/)
    .filter((line) => /^[A-Za-z0-9+/]+={0,2}$/.test(line))
    .join('');
}
