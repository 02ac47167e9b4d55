import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import {
  inPath,
  programCommand,
  programFiles,
  provideProgram,
  type CommandLine,
  type DebianProgram,
} from '../provision/index.ts';
import { Server } from '../server.ts';

const elfutils: DebianProgram = { name: 'elfutils', suite: 'bookworm', packages: ['debuginfod'] };
const gdb: DebianProgram = { name: 'gdb', suite: 'bookworm', packages: ['gdb'] };

export interface DebuginfodServer {
  readonly url: string;
  readonly server: Server;
  readonly stop: () => Promise<void>;
}

/** A debuginfod of elfutils over files; it resolves once it knows the build ID of each. */
export async function startDebuginfod(
  files: Readonly<Record<string, string>>,
): Promise<DebuginfodServer> {
  await provideProgram(elfutils);
  const folder = await mkdtemp(join(tmpdir(), 'btf-depot-debuginfod-files-'));
  for (const [buildId, path] of Object.entries(files)) {
    await symlink(path, join(folder, `${buildId}-${basename(dirname(path))}`));
  }
  const knows = async (port: number) => {
    for (const buildId of Object.keys(files)) {
      // Its body is not awaited: it is whole debug information.
      const url = `http://127.0.0.1:${port}/buildid/${buildId}/debuginfo`;
      const answer = await fetch(url).catch(() => undefined);
      await answer?.body?.cancel();
      if (!answer?.ok) return false;
    }
    return true;
  };
  const server = await Server.start({
    name: 'debuginfod',
    command: programCommand(elfutils, 'usr/bin/debuginfod'),
    args: (port) => ['-p', `${port}`, '-d', ':memory:', '-F', '-L', folder],
    env: { DEBUGINFOD_URLS: '' },
    answers: knows,
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    server,
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The command of elfutils' client. */
export async function debuginfodFind(): Promise<readonly string[]> {
  await provideProgram(elfutils);
  return programCommand(elfutils, 'usr/bin/debuginfod-find');
}

/** The system's gdb, or Debian's in the cache. */
export async function gdbCommand(): Promise<{ command: CommandLine; env: Record<string, string> }> {
  const own = inPath('gdb');
  if (own !== undefined) return { command: [own], env: {} };
  await provideProgram(gdb);
  const [home = ''] = programFiles(gdb, 'usr');
  return { command: programCommand(gdb, 'usr/bin/gdb'), env: { PYTHONHOME: home } };
}
