import { readFileSync } from 'node:fs';
import { inPath } from '@btf-depot/services/provision';

type Command = readonly [string, ...string[]];

/** Arguments of setpriv. A program of root has the capabilities in the bounding set. */
const DROP = ['--no-new-privs', '--bounding-set=-all', '--inh-caps=-all', '--ambient-caps=-all'];

/**
 * This command without capabilities, for any user: root, too, then loads no module and mounts
 * nothing. An error if root cannot drop them.
 */
export function withoutCapabilities(command: Command): Command {
  if (!hasCapabilities()) return command;
  const setpriv = inPath('setpriv');
  if (setpriv === undefined) throw new Error('this test has capabilities, and no setpriv to drop');
  return [setpriv, ...DROP, '--', ...command];
}

function hasCapabilities(): boolean {
  const status = readFileSync('/proc/self/status', 'utf8');
  const held = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  if (held === undefined) throw new Error('/proc/self/status names no capabilities');
  return BigInt(`0x${held}`) !== 0n;
}
