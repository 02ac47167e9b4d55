import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { expect, it, onTestFinished, vi } from 'vitest';
import { startMinio, startRedis, startServices } from './index.ts';
import { describeWithServices } from './testing.ts';

const answers = (url: string) =>
  fetch(url).then(
    () => true,
    () => false,
  );
const runs = (pid: number) => {
  try {
    return process.kill(pid, 0) && !readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ');
  } catch {
    return false;
  }
};
const folderOf = (pid: number) => readlinkSync(`/proc/${pid}/cwd`);

describeWithServices(['redis', 'minio'], 'shared services', ({ redis, minio }) => {
  it('answer where they are said to be', async () => {
    expect(redis.url).toMatch(/^redis:\/\/127\.0\.0\.1:\d+$/);
    const listing = await fetch(minio.endpoint);
    expect(listing.status).toBe(403);
    expect(await listing.text()).toContain('<Code>AccessDenied</Code>');
  });
});

describeWithServices(['redis', 'minio'], 'private services', () => {
  it('are gone after stop, with their folders', async () => {
    const services = await startServices({ redis: true, minio: true });
    const { endpoint } = services.minio;
    const pids = [services.redis.server.pid, services.minio.server.pid].map(Number);
    const folders = pids.map(folderOf);
    expect(pids.map(runs)).toEqual([true, true]);
    expect(folders.map((folder) => existsSync(folder))).toEqual([true, true]);
    await services.stop();
    expect(pids.map(runs)).toEqual([false, false]);
    expect(folders.map((folder) => existsSync(folder))).toEqual([false, false]);
    expect(await answers(endpoint)).toBe(false);
  });

  it('come back on the same port after kill', async () => {
    const minio = await startMinio();
    try {
      await minio.server.kill();
      expect(await answers(minio.endpoint)).toBe(false);
      await minio.server.restart();
      expect(await answers(minio.endpoint)).toBe(true);
    } finally {
      await minio.stop();
    }
  });

  it('can be flushed', async () => {
    const redis = await startRedis();
    try {
      await redis.flush();
    } finally {
      await redis.stop();
    }
  });

  it('stop even when they are suspended', async () => {
    const redis = await startRedis();
    const pid = Number(redis.server.pid);
    process.kill(pid, 'SIGSTOP');
    await redis.stop();
    expect(runs(pid)).toBe(false);
  });

  it.each(['SIGTERM', 'SIGKILL'] as const)('end with their parent by %s', async (signal) => {
    const module = JSON.stringify(new URL('servers/redis.ts', import.meta.url).href);
    const script = `const { startRedis } = await import(${module});
      const redis = await startRedis();
      process.stdout.write(String(redis.server.pid));
      setInterval(() => undefined, 1000);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void parent.kill('SIGKILL'));
    const [said] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(said.toString());
    const folder = folderOf(pid);
    parent.kill(signal);
    await vi.waitFor(() => expect([runs(pid), existsSync(folder)]).toEqual([false, false]), 60_000);
  });
});
