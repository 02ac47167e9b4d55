import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MinioAddress } from './minio.ts';
import { freePort } from '../ports.ts';
import { Absent, attempt, cached, inPath, say, type CommandLine } from '../provision/index.ts';
import { Server } from '../server.ts';

const VERSITY = 'github.com/versity/versitygw/cmd/versitygw';
// Its tags are no versions that Go takes.
const SEAWEED = 'github.com/seaweedfs/seaweedfs@v0.0.0-20261109003541-7506e5f91cd6';
const S3RVER = 's3rver@3.7.1';

const host = '127.0.0.1';

export interface OtherStore extends MinioAddress {
  readonly stop: () => Promise<void>;
}

/** Other S3 servers than MinIO, each over a temporary folder or in memory. They throw Absent. */
export const OTHER_STORES = {
  /** It keeps the ETag of an object in an extended attribute. */
  'VersityGW 1.8.0': () => versity('v1.8.0'),
  'VersityGW 1.7.0': () => versity('v1.7.0'),
  'VersityGW 1.8.0 without metadata': () => versity('v1.8.0', '--nometa'),
  async SeaweedFS() {
    const command: CommandLine = [join(await builtSeaweed(), 'weed')];
    // A master, a volume server and a filer stand behind it, each with two ports.
    const flags = await Promise.all(
      ['master', 'volume', 'filer'].flatMap((part) =>
        ['port', 'port.grpc'].map(async (kind) => `-${part}.${kind}=${await freePort()}`),
      ),
    );
    const keys = {
      identities: [
        {
          name: 'depot',
          credentials: [{ accessKey: 'user', secretKey: 'password' }],
          actions: ['Admin', 'Read', 'Write', 'List', 'Tagging'],
        },
      ],
    };
    flags.push(`-s3.port.grpc=${await freePort()}`);
    return start(
      'seaweedfs',
      command,
      (port, folder) => [
        'server',
        `-ip=${host}`,
        `-ip.bind=${host}`,
        `-dir=${join(folder, 'data')}`,
        '-master.volumeSizeLimitMB=64',
        '-volume.max=100',
        ...flags,
        '-s3',
        `-s3.port=${port}`,
        `-s3.config=${join(folder, 'keys.json')}`,
      ],
      (folder) => writeFile(join(folder, 'keys.json'), JSON.stringify(keys)),
    );
  },
  async s3rver() {
    const folder = await cached('programs/s3rver', S3RVER, async (into) => {
      const made = await attempt('npm', ['install', '--prefix', into, '--ignore-scripts', S3RVER]);
      if (made.code !== 0) throw new Absent(`npm cannot install ${S3RVER}`, made.stderr);
    });
    const program = join(folder, 'node_modules/s3rver/bin/s3rver.js');
    return start('s3rver', [process.execPath, program], (port, data) => [
      '--address',
      host,
      '--port',
      `${port}`,
      '--directory',
      join(data, 'data'),
    ]);
  },
} as const;

async function versity(version: string, ...options: string[]): Promise<OtherStore> {
  const built = await builtByGo('versitygw', `${VERSITY}@${version}`);
  const command: CommandLine = [join(built, 'versitygw')];
  return start('versitygw', command, (port, folder) => [
    '--access',
    'user',
    '--secret',
    'password',
    '--port',
    `${host}:${port}`,
    'posix',
    ...options,
    join(folder, 'data'),
  ]);
}

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

async function builtSeaweed(): Promise<string> {
  return cached('programs/seaweedfs', SEAWEED, async (into) => {
    if (inPath('go') === undefined) throw new Absent('Go is not installed', 'Install Go 1.26.');
    say('building SeaweedFS with go build, 13 minutes of a processor …');
    const got = await attempt('go', ['mod', 'download', '-json', SEAWEED], { cwd: into });
    if (got.code !== 0) throw new Absent(`go mod download ${SEAWEED} failed`, got.stderr);
    const { Dir: source } = JSON.parse(got.stdout) as { Dir: string };
    // `go install` takes no module that replaces others.
    const build = ['build', '-p', '1', '-trimpath', '-ldflags=-s', '-o', join(into, 'weed')];
    const built = await attempt('go', [...build, './weed'], { cwd: source });
    if (built.code !== 0) throw new Absent('go build of SeaweedFS failed', built.stderr);
  });
}

async function start(
  name: string,
  command: CommandLine,
  args: (port: number, folder: string) => readonly string[],
  prepare: (folder: string) => Promise<void> = () => Promise.resolve(),
): Promise<OtherStore> {
  const server = await Server.start({
    name,
    command,
    prepare: async (_port, folder) => {
      await mkdir(join(folder, 'data'), { recursive: true });
      await prepare(folder);
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
