import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Guard } from './guard.ts';
import { freePort } from './ports.ts';
import type { CommandLine } from './provision/index.ts';

/** How to start a kind of server, and how to see that it answers. */
export interface ServerKind {
  readonly name: string;
  readonly command: CommandLine;
  /** Writes its configuration into its folder. */
  readonly prepare?: (port: number, folder: string) => Promise<void>;
  readonly args: (port: number, folder: string) => readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly answers: (port: number) => Promise<boolean>;
}

const startLimit = 30_000;
const stopLimit = 10_000;

/** A server process on a loopback port, with its data in a temporary folder. */
export class Server {
  readonly port: number;
  readonly #kind: ServerKind;
  readonly #folder: string;
  readonly #guard: Guard;
  #process: ChildProcess | undefined;

  private constructor(kind: ServerKind, port: number, folder: string) {
    this.#kind = kind;
    this.port = port;
    this.#folder = folder;
    this.#guard = new Guard(folder);
  }

  static async start(kind: ServerKind): Promise<Server> {
    for (let attempt = 1; ; attempt++) {
      const folder = await mkdtemp(join(tmpdir(), `btf-depot-${kind.name}-`));
      const server = new Server(kind, await freePort(), folder);
      try {
        await server.#run();
        return server;
      } catch (error) {
        await server.stop();
        // The port was free a moment ago; servers that start at the same time may take it.
        if (attempt === 3) throw error;
      }
    }
  }

  /** The process to send signals to: SIGSTOP makes a server that exists but is silent. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Ends it with SIGTERM, and removes its data. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
    await this.#guard.release();
  }

  /** Ends it with SIGKILL; port and data stay for `restart`. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Starts it again on the same port and data, after `kill` or while it runs. */
  async restart(): Promise<void> {
    await this.#end('SIGTERM');
    await this.#run();
  }

  async #run(): Promise<void> {
    const { name, command, prepare, args, env, answers } = this.#kind;
    await prepare?.(this.port, this.#folder);
    const [file, ...first] = command;
    const log = openSync(join(this.#folder, 'log'), 'a');
    const child = spawn(file, [...first, ...args(this.port, this.#folder)], {
      cwd: this.#folder,
      env: { ...process.env, ...env },
      stdio: ['ignore', log, log],
      // A Ctrl-C in the terminal is for us: we end the servers after their users.
      detached: true,
    });
    closeSync(log);
    child.unref();
    this.#process = child;
    child.once('error', () => {
      this.#process = undefined;
    });
    child.once('exit', () => {
      if (this.#process !== child) return;
      this.#process = undefined;
      this.#guard.watch(undefined);
    });
    this.#guard.watch(child.pid);
    for (const end = Date.now() + startLimit; Date.now() < end && this.#process === child;) {
      if (await answers(this.port)) return;
      await sleep(25);
    }
    const said = await readFile(join(this.#folder, 'log'), 'utf8');
    throw new Error(`${name} does not answer. It said:\n${said.trim().slice(-1000)}`);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    if (child === undefined) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    const late = setTimeout(() => child.kill('SIGKILL'), stopLimit);
    // A stopped process gets SIGTERM only when it continues.
    child.kill('SIGCONT');
    child.ref();
    await ended;
    clearTimeout(late);
  }
}
