import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { balancing } from '../programs.ts';
import { Absent, inPath } from '../provision/index.ts';
import { Server, type ServerKind } from '../server.ts';

export interface StaticServer {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/**
 * Serves the files of a folder with a distribution's usual configuration, without a line about
 * depots.
 */
export async function startNginxOf(root: string): Promise<StaticServer> {
  return start({
    name: 'nginx',
    command: (await balancing()).nginx,
    prepare: (port, folder) =>
      writeFile(
        join(folder, 'config'),
        `
daemon off; master_process off; user root; pid ${folder}/pid; error_log stderr;
events { worker_connections 64; }
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((of) => `${of}_temp_path ${folder}/${of};`).join(' ')}
  server { listen 127.0.0.1:${port}; root ${root}; }
}
`,
      ),
    args: (_port, folder) => ['-p', folder, '-e', 'stderr', '-c', join(folder, 'config')],
  });
}

/** The same with `python3 -m http.server`, which knows no ranges. */
export async function startPythonOf(root: string): Promise<StaticServer> {
  const python = inPath('python3');
  if (python === undefined) throw new Absent('python3 is not installed', 'Install Python 3.');
  return start({
    name: 'python',
    command: [python],
    args: (port) => ['-m', 'http.server', '--bind', '127.0.0.1', '--directory', root, String(port)],
  });
}

async function start(kind: Omit<ServerKind, 'answers'>): Promise<StaticServer> {
  const server = await Server.start({
    ...kind,
    answers: (port) =>
      fetch(`http://127.0.0.1:${port}/SHA256SUMS`).then(
        ({ ok }) => ok,
        () => false,
      ),
  });
  return { url: `http://127.0.0.1:${server.port}`, stop: () => server.stop() };
}
