// `npm run dev`: Redis, MinIO and the three services, with one output. Ctrl-C stops them in order:
// first the services that take work, then those that hold it.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prefixLines } from './prefix.ts';
import { say } from './provision/index.ts';
import { startServices } from './services.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const apps = ['ingest', 'compressor', 'fetch'] as const;
const width = Math.max(...apps.map((name) => name.length));

const stopping = new AbortController();
let asked = 0;
const onSignal = () => {
  // The terminal sends Ctrl-C to this process, and npm repeats it; a later one is from a person who
  // does not want to wait.
  if (stopping.signal.aborted && Date.now() - asked > 1000) process.exit(130);
  asked ||= Date.now();
  stopping.abort();
};
process.on('SIGINT', onSignal);
process.on('SIGTERM', onSignal);

const servers = await startServices({ redis: true, minio: true });
const data = await mkdtemp(join(tmpdir(), 'btf-depot-dev-'));
process.on('exit', () => rmSync(data, { recursive: true, force: true }));
const firstPort = Number(process.env.BTFDEPOT_PORT ?? 8080);

const addressOf = (name: (typeof apps)[number]) =>
  `http://127.0.0.1:${firstPort + apps.indexOf(name)}`;

function start(name: (typeof apps)[number], place: number): ChildProcess {
  const child = spawn(process.execPath, [join(root, 'apps', name, 'src', 'main.ts')], {
    cwd: root,
    env: {
      ...process.env,
      BTFDEPOT_HOST: '127.0.0.1',
      BTFDEPOT_DRAIN: '0',
      BTFDEPOT_PORT: `${firstPort + place}`,
      BTFDEPOT_DATA: join(data, name),
      BTFDEPOT_FETCH_URL: addressOf('fetch'),
      BTFDEPOT_INGEST_URL: addressOf('ingest'),
      BTFDEPOT_REDIS_URL: servers.redis.url,
      BTFDEPOT_S3_ENDPOINT: servers.minio.endpoint,
      BTFDEPOT_S3_BUCKET: 'btf-depot',
      BTFDEPOT_S3_ACCESS_KEY: servers.minio.accessKey,
      BTFDEPOT_S3_SECRET_KEY: servers.minio.secretKey,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    // Ctrl-C reaches them through us, in order.
    detached: true,
  });
  prefixLines(child.stdout, name.padEnd(width), process.stdout);
  prefixLines(child.stderr, name.padEnd(width), process.stdout);
  child.once('exit', (code, signal) => {
    if (stopping.signal.aborted) return;
    say(`${name} ended by itself (${signal ?? `exit ${String(code)}`}): stopping the others`);
    process.exitCode = 1;
    stopping.abort();
  });
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 30_000);
  await ended;
  clearTimeout(late);
}

if (!stopping.signal.aborted) {
  const children = apps.map(start);
  process.on('exit', () => children.forEach((child) => child.kill('SIGKILL')));
  say(`Redis at ${servers.redis.url}, MinIO at ${servers.minio.endpoint}`);
  for (const name of apps) say(`${name} at ${addressOf(name)}`);
  say(`send:  btfdepot push --url ${addressOf('ingest')} vmlinux`);
  say(`read:  btfdepot vars --url ${addressOf('fetch')} BUILD-ID`);
  if (!stopping.signal.aborted) await once(stopping.signal, 'abort');
  for (const child of children) await stop(child);
}
await servers.stop();
