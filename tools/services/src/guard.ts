import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Writable } from 'node:stream';

// Reads process ids; the last one counts (an empty line: none runs). At the end of its input, which
// the kernel closes however we die, it ends that process and removes the folder.
const script = `
trap '' INT TERM HUP
pid=
while read -r line; do pid=$line; done
if [ -n "$pid" ] && kill -TERM "$pid"; then
  tries=0
  while kill -0 "$pid" && [ $tries -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
  kill -KILL "$pid"
fi
rm -rf "$1"
`;

/**
 * Ensures that a server and its folder do not outlive this process, even after SIGKILL: a shell in
 * its own session waits for our end.
 */
export class Guard {
  readonly #shell: ChildProcessByStdio<Writable, null, null>;

  constructor(folder: string) {
    this.#shell = spawn('sh', ['-c', script, 'guard', folder], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    this.#shell.unref();
  }

  watch(pid: number | undefined): void {
    this.#shell.stdin.write(`${pid ?? ''}\n`);
  }

  /** Ends a running process, and removes the folder. */
  async release(): Promise<void> {
    const closed = once(this.#shell, 'close');
    this.#shell.ref();
    this.#shell.stdin.end();
    await closed;
  }
}
