import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { openFsStores } from '@btf-depot/blob-store';
import { createToken } from '@btf-depot/depot';
import { buildIdOf, kernelBtf, kernelFile } from '@btf-depot/testing';
import { startDepot } from '@btf-depot/testing/processes';
import { median, type Bench, type Row } from './bench.ts';
import { HOSTILE_DWARF, hostileKernel } from './hostile-dwarf.ts';
import { inFolder } from './in-folder.ts';

/** Milliseconds of each attack: several times an honest upload. */
const WHOLE = 10_000;
const QUICK = 3000;

/** Default number of uploads that the depot takes at one time. */
const PLACES = 16;

/** Outcomes of hostile debug information. */
const REFUSALS = ['bad-dwarf', 'time-limit', 'memory-limit'];

interface Target {
  url: string;
  /** The attacker's token, as a header. */
  authorization: string;
  ended: AbortSignal;
}

/** What an honest farm notices while another client sends slow or expensive uploads. */
export const attackIngestBench: Bench = ({ quick }) =>
  inFolder(async (folder) => {
    const data = join(folder, 'data');
    const duration = quick ? QUICK : WHOLE;
    const depot = await startDepot(data, {
      BTFDEPOT_TOKENS: 'uploads',
      BTFDEPOT_THREADS: '2',
    });
    try {
      const [honest, hostile] = [await tokenOf(data, 'honest'), await tokenOf(data, 'hostile')];
      // Warms up: starting threads, and code that runs first, are not measured.
      await watch(depot.url, honest, sleep(duration / 5));
      const idle = await watch(depot.url, honest, sleep(duration / 2));
      const rows: Row[] = [];
      const show = (what: string, seen: Seen): void => {
        rows.push(...rowsOf(what, seen, idle));
      };
      show('nothing', idle);
      const attacks = { [`${2 * PLACES} slow uploads`]: slowUploads, ...workAttacks() };
      for (const [name, attack] of Object.entries(attacks)) {
        const end = new AbortController();
        const running = attack({ url: depot.url, authorization: hostile, ended: end.signal });
        await sleep(duration / 5);
        show(name, await watch(depot.url, honest, sleep(duration)));
        end.abort();
        await running;
      }
      return { on: 'an embedded depot, made-up kernels, one client against another', rows };
    } finally {
      await depot.stop();
    }
  });

async function tokenOf(data: string, name: string): Promise<string> {
  const { tokens } = await openFsStores(data);
  const createdAt = new Date().toISOString();
  const { token, text } = createToken({ name, scopes: ['upload'], createdAt });
  await tokens.put(token);
  return `Bearer ${text}`;
}

/** Milliseconds of each; a refused one counts with all the time of its retries. */
interface Seen {
  health: number[];
  uploads: number[];
  refused: number;
}

/** Asks for health, and sends a kernel again and again, until then. */
async function watch(url: string, authorization: string, until: Promise<unknown>): Promise<Seen> {
  let isOver = false;
  const over = until.then(() => (isOver = true));
  const seen: Seen = { health: [], uploads: [], refused: 0 };
  const health = async () => {
    while (!isOver) {
      const before = performance.now();
      await (await fetch(`${url}/healthz`)).text();
      seen.health.push(performance.now() - before);
      await sleep(20);
    }
  };
  const upload = async () => {
    while (!isOver) {
      const name = `honest ${sent++}`;
      const btf = kernelBtf({ name: name.replace(' ', '_'), ballast: 2000 });
      const body = new Uint8Array(kernelFile({ buildId: buildIdOf(name), btf }));
      const before = performance.now();
      let status = 0;
      while (status !== 201 && !isOver) {
        ({ status } = await send(`${url}/v1/kernels`, authorization, body, afterwards.signal));
        if (status === 201) break;
        seen.refused++;
        await sleep(100);
      }
      seen.uploads.push(performance.now() - before);
      await sleep(50);
    }
  };
  const afterwards = new AbortController();
  const both = Promise.all([health(), upload()]);
  await over;
  // A request that still waits counts with its wait so far.
  setTimeout(() => afterwards.abort(), 1000).unref();
  await both;
  return seen;
}

let sent = 0;

/** The status, 0 if there was no answer, and the code of a refusal. */
async function send(
  url: string,
  authorization: string,
  body: Uint8Array<ArrayBuffer>,
  signal: AbortSignal,
  encoding = 'identity',
): Promise<{ status: number; code?: string | undefined }> {
  try {
    const headers = { Authorization: authorization, 'Content-Encoding': encoding };
    const response = await fetch(url, { method: 'PUT', body, headers, signal });
    const { code } = (await response.json()) as { code?: string };
    return { status: response.status, code };
  } catch {
    return { status: 0 };
  }
}

/** More uploads than places, restarted as soon as they end. */
async function slowUploads({ url, authorization, ended }: Target): Promise<void> {
  const { hostname, port } = new URL(url);
  const slow = async () => {
    while (!ended.aborted) {
      const socket: Socket = connect(Number(port), hostname);
      socket.on('error', () => undefined).resume();
      socket.write(
        `PUT /v1/kernels HTTP/1.1\r\nHost: ${hostname}:${port}\r\n` +
          `Authorization: ${authorization}\r\nContent-Length: 1000000000\r\n\r\n`,
      );
      const timer = setInterval(() => socket.write(Buffer.alloc(2500)), 100);
      const stop = () => socket.destroy();
      ended.addEventListener('abort', stop);
      await once(socket, 'close').catch(() => undefined);
      ended.removeEventListener('abort', stop);
      clearInterval(timer);
      await sleep(50);
    }
  };
  await Promise.all(Array.from({ length: 2 * PLACES }, slow));
}

/** Three uploads of hostile debug information at one time, again and again. */
function workAttacks(): Record<string, (target: Target) => Promise<void>> {
  return Object.fromEntries(
    Object.entries(HOSTILE_DWARF).map(([name, dwarf]) => [
      `3 × ${name}`,
      async ({ url, authorization, ended }: Target) => {
        const parts = dwarf();
        const one = async (number: number) => {
          const body = new Uint8Array(gzipSync(hostileKernel(`${name} ${number}`, parts)));
          const query = `?extras=${parts.extras}`;
          while (!ended.aborted) {
            const target = `${url}/v1/kernels${query}`;
            const { status, code } = await send(target, authorization, body, ended, 'gzip');
            // A refusal before the debug information is read is no attack.
            if (status < 500 && code !== undefined && !REFUSALS.includes(code))
              throw new Error(code);
            await sleep(50);
          }
        };
        await Promise.all([1, 2, 3].map(one));
      },
    ]),
  );
}

function rowsOf(what: string, { health, uploads, refused }: Seen, idle: Seen): Row[] {
  const upload = median(uploads);
  return [
    {
      what: `${what}: /healthz, slowest of 100`,
      unit: 'ms',
      goal: '≤ 100',
      ours: health.sort((a, b) => a - b)[Math.floor(health.length * 0.99)] ?? NaN,
    },
    {
      what: `${what}: an honest upload`,
      unit: 'ms',
      ours: upload,
      goal: '≤ 2',
      peer: { name: 'idle', value: median(idle.uploads) },
      ratio: upload / median(idle.uploads),
    },
    { what: `${what}: the same, refusals`, unit: '', ours: refused },
  ];
}
