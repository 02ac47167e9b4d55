import { join } from 'node:path';
import {
  Absent,
  attempt,
  cached,
  inPath,
  programCommand,
  programFiles,
  provideProgram,
  say,
  type CommandLine,
} from './provision/index.ts';

// The last module version; the project tags its releases with dates, which Go does not accept.
const minioModule = 'github.com/minio/minio';
const minioVersion = 'v0.0.0-20260212201848-7aac2a2c5b7c';

const redis = {
  name: 'redis',
  suite: 'bookworm',
  packages: ['redis-server', 'redis-tools'],
} as const;

const valkey = {
  name: 'valkey',
  suite: 'trixie',
  packages: ['valkey-server', 'valkey-tools'],
} as const;

const nginx = { name: 'nginx', suite: 'bookworm', packages: ['nginx'] } as const;
const haproxy = { name: 'haproxy', suite: 'bookworm', packages: ['haproxy'] } as const;
const wrk = { name: 'wrk', suite: 'bookworm', packages: ['wrk'] } as const;
const faketime = { name: 'faketime', suite: 'bookworm', packages: ['libfaketime'] } as const;

/** The system's redis-server, or Debian's in the cache. */
export async function redisCommand(): Promise<CommandLine> {
  const own = inPath('redis-server');
  if (own !== undefined) return [own];
  try {
    await provideProgram(redis);
  } catch (error) {
    if (!(error instanceof Absent)) throw error;
    throw new Absent(
      `redis-server is not installed, and ${error.what}`,
      `Install Redis 7, so that redis-server is in PATH. For Debian's, unpacked into the cache: ${error.how}`,
      { cause: error },
    );
  }
  return programCommand(redis, 'usr/bin/redis-server');
}

/** Debian's Valkey 8, in the cache. */
export async function valkeyCommand(): Promise<CommandLine> {
  await provideProgram(valkey);
  return programCommand(valkey, 'usr/bin/valkey-server');
}

/**
 * Balancers, and programs that send them requests; the system's are not used, since their versions
 * differ.
 */
export async function balancing(): Promise<Record<'nginx' | 'haproxy' | 'wrk', CommandLine>> {
  await Promise.all([nginx, haproxy, wrk].map(provideProgram));
  return {
    nginx: programCommand(nginx, 'usr/sbin/nginx'),
    haproxy: programCommand(haproxy, 'usr/sbin/haproxy'),
    wrk: programCommand(wrk, 'usr/bin/wrk'),
  };
}

/** The preloaded library that gives a process another clock. */
export async function clockLibrary(): Promise<string> {
  await provideProgram(faketime);
  const [library] = programFiles(faketime, 'usr/lib/*/faketime/libfaketime.so.1');
  if (library === undefined) throw new Error('libfaketime has no library');
  return library;
}

/** The system's minio, or one built into the cache. */
export async function minioCommand(): Promise<CommandLine> {
  const own = inPath('minio');
  if (own !== undefined) return [own];
  const how = 'Put a minio server in PATH, or install Go 1.24 or newer, which builds one.';
  const source = `${minioModule}@${minioVersion}`;
  const folder = await cached('programs/minio', source, async (into) => {
    if (inPath('go') === undefined) {
      throw new Absent('neither minio nor Go is installed', how);
    }
    say('building MinIO with go install, about 4 minutes …');
    const env = { ...process.env, GOBIN: into };
    const built = await attempt('go', ['install', source], { cwd: into, env });
    if (built.code === 0) return;
    const end = built.stderr.trim().split('\n').slice(-3).join('\n');
    throw new Absent(`go install ${source} failed:\n${end}`, how);
  });
  return [join(folder, 'minio')];
}

const aptFtparchive = {
  name: 'apt-utils',
  suite: 'bookworm',
  packages: ['apt-utils', 'apt'],
} as const;
const createrepo = { name: 'createrepo-c', suite: 'bookworm', packages: ['createrepo-c'] } as const;

/** Programs that make the indexes of a Debian archive, and of an RPM repository. */
export async function archiving(): Promise<Record<'aptFtparchive' | 'createrepo', CommandLine>> {
  await Promise.all([aptFtparchive, createrepo].map(provideProgram));
  return {
    aptFtparchive: programCommand(aptFtparchive, 'usr/bin/apt-ftparchive'),
    createrepo: programCommand(createrepo, 'usr/bin/createrepo_c'),
  };
}
