import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { MinioAddress } from './minio.ts';
import {
  Absent,
  attempt,
  cached,
  inPath,
  providePythonProgram,
  say,
  type CommandLine,
} from './provision/index.ts';
import { Server } from './server.ts';

const MOTO = { name: 'moto[server]', version: '5.1.22', module: 'moto.server' };
const VERSITY = 'github.com/versity/versitygw/cmd/versitygw@v1.7.0';
const S3RVER = 's3rver@3.7.1';

const host = '127.0.0.1';

export interface OtherStore extends MinioAddress {
  readonly stop: () => Promise<void>;
}

/** Servers of S3 beside MinIO, each over a temporary folder or in memory. They throw Absent. */
export const OTHER_STORES = {
  async moto() {
    const command = await providePythonProgram(MOTO);
    return start('moto', command, (port) => ['-H', host, '-p', `${port}`]);
  },
  async VersityGW() {
    const command: CommandLine = [join(await builtByGo('versitygw', VERSITY), 'versitygw')];
    return start('versitygw', command, (port, folder) => [
      ...['--access', 'user', '--secret', 'password', '--port', `${host}:${port}`],
      ...['posix', '--nometa', join(folder, 'data')],
    ]);
  },
  async s3rver() {
    const folder = await cached('programs/s3rver', S3RVER, async (into) => {
      const made = await attempt('npm', ['install', '--prefix', into, '--ignore-scripts', S3RVER]);
      if (made.code !== 0) throw new Absent(`npm cannot install ${S3RVER}`, made.stderr);
    });
    const program = join(folder, 'node_modules/s3rver/bin/s3rver.js');
    return start('s3rver', [process.execPath, program], (port, data) => [
      ...['--address', host, '--port', `${port}`, '--directory', join(data, 'data')],
    ]);
  },
} as const;

async function builtByGo(name: string, source: string): Promise<string> {
  return cached(`programs/${name}`, source, async (into) => {
    if (inPath('go') === undefined) throw new Absent('Go is not installed', 'Install Go 1.24.');
    say(`building ${name} with go install, some minutes …`);
    const built = await attempt('go', ['install', source], {
      cwd: into,
      env: { ...process.env, GOBIN: into },
    });
    if (built.code !== 0) throw new Absent(`go install ${source} failed`, built.stderr);
  });
}

async function start(
  name: string,
  command: CommandLine,
  args: (port: number, folder: string) => readonly string[],
): Promise<OtherStore> {
  const server = await Server.start({
    name,
    command,
    prepare: async (_port, folder) => {
      await mkdir(join(folder, 'data'), { recursive: true });
    },
    args,
    answers: (port) =>
      fetch(`http://${host}:${port}/`).then(
        () => true,
        () => false,
      ),
  });
  return {
    endpoint: `http://${host}:${server.port}`,
    host,
    port: server.port,
    accessKey: name === 's3rver' ? 'S3RVER' : 'user',
    secretKey: name === 's3rver' ? 'S3RVER' : 'password',
    stop: () => server.stop(),
  };
}
