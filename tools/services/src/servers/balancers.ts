import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { balancing } from '../programs.ts';
import { Server } from '../server.ts';

export interface Balancer {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** Whether it would send the next request to any of its backends. */
  readonly isWhole: () => Promise<boolean>;
  readonly stop: () => Promise<void>;
}

/** The balancer's own answer: 200 while it takes every backend for ready. */
const WHOLE = '/every-backend-is-ready';

/** `host:port` of the processes behind it. */
type Backends = readonly string[];

/** Detects an unreachable backend by failed requests, and then sends them to another one. */
export async function startNginx(backends: Backends): Promise<Balancer> {
  return start('nginx', (await balancing()).nginx, {
    config: (port, folder) => `
daemon off; master_process off; user root; pid ${folder}/pid; error_log stderr;
events { worker_connections 1024; }
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((of) => `${of}_temp_path ${folder}/${of};`).join(' ')}
  client_max_body_size 0;
  upstream depot {
    ${backends.map((backend) => `server ${backend} max_fails=0;`).join(' ')}
    # Below the time after which the depot closes idle connections.
    keepalive 64; keepalive_timeout 4s;
  }
  server {
    listen 127.0.0.1:${port};
    location = ${WHOLE} { return 200; }
    location / {
      proxy_pass http://depot; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_read_timeout 300s; proxy_request_buffering off; proxy_buffering off;
    }
  }
}
`,
    args: (file, folder) => ['-p', folder, '-e', 'stderr', '-c', file],
  });
}

/**
 * Asks `/readyz` twice a second, takes a process for unreachable after three refusals, its default,
 * and does not repeat a failed request.
 */
export async function startHaproxy(backends: Backends): Promise<Balancer> {
  return start('haproxy', (await balancing()).haproxy, {
    config: (port) => `
defaults
  mode http
  retries 0
  timeout connect 10s
  timeout check 10s
  timeout client 300s
  timeout server 300s
  http-reuse safe
frontend depot
  bind 127.0.0.1:${port}
  monitor-uri ${WHOLE}
  monitor fail if { nbsrv(depots) lt ${backends.length} }
  default_backend depots
backend depots
  balance roundrobin
  option httpchk GET /readyz
  default-server check inter 500ms fall 3 rise 1
${backends.map((backend, at) => `  server depot${at} ${backend}`).join('\n')}
`,
    args: (file) => ['-db', '-f', file],
  });
}

async function start(
  name: string,
  command: readonly [string, ...string[]],
  {
    config,
    args,
  }: {
    config: (port: number, folder: string) => string;
    args: (file: string, folder: string) => readonly string[];
  },
): Promise<Balancer> {
  const server = await Server.start({
    name,
    command,
    prepare: (port, folder) => writeFile(join(folder, 'config'), config(port, folder)),
    args: (_port, folder) => args(join(folder, 'config'), folder),
    answers: (port) => isOk(`http://127.0.0.1:${port}/healthz`),
  });
  const url = `http://127.0.0.1:${server.port}`;
  return { url, isWhole: () => isOk(url + WHOLE), stop: () => server.stop() };
}

const isOk = (url: string) =>
  fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );
