import { NETWORK_SCRIPT } from './network.ts';

/** A guest's steps, one after the other; each in its own shell. */
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
  /** The kernel's log meanwhile. */
  readonly kernelLog: string;
}

const MARK = '@@lab';

/**
 * The guest's init: mounts what steps need, runs them, and prints their results between marks, as
 * base64, so that a message of the kernel damages at most one line. Powers off at the end.
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
    // Setting the terminal waits for its output; the kernel does not wait before it powers off.
    'stty sane',
    'poweroff -f',
    '',
  ].join('\n');
}

/** Runs one step; a separate file, because a step may end its shell. */
export const STEP_SCRIPT = `sh /lab/steps/$1 > /lab/out/output 2>&1 < /dev/null
status=$?
dmesg -c > /lab/out/log
echo "${MARK} begin $1 $status"
gzip -c /lab/out/output | base64
echo "${MARK} log"
gzip -c /lab/out/log | base64
echo "${MARK} end $1"
`;

/** A step's result on the console, still packed. */
export interface PackedResult {
  readonly name: string;
  readonly status: number;
  readonly output: string;
  readonly kernelLog: string;
}

/** Reads the output of `initScript`. Unfinished steps are left out. */
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

/** Lines of only base64: the kernel's messages in between are left out. */
function base64Lines(text: string): string {
  return text
    .split(/\r?\n/)
    .filter((line) => /^[A-Za-z0-9+/]+={0,2}$/.test(line))
    .join('');
}
