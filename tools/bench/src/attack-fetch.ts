import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { openFsStores, type Stores } from '@btf-depot/blob-store';
import {
  addComposite,
  addInt,
  addVariable,
  BtfBuilder,
  Kind,
  parseBtf,
  type Btf,
} from '@btf-depot/btf';
import { attachVariables } from '@btf-depot/extras';
import { provideKernel } from '@btf-depot/kernels';
import { buildIdOf, kernelRecord, sha256Of } from '@btf-depot/testing';
import { startProcess, urlOf } from '@btf-depot/testing/processes';
import { median, type Bench, type Row } from './bench.ts';
import { inFolder } from './in-folder.ts';

/** Milliseconds that an honest client waits before it gives up. */
const GIVES_UP = 20_000;

const KERNELS = 100;
const TWINS = 4000;

const honest = buildIdOf('honest');
const hostile = buildIdOf('hostile');

interface Answer {
  status: number;
  took: number;
  size: number;
}

/** An attacker's requests, again and again, on that many connections. */
interface Attack {
  what: string;
  connections: number;
  path: (round: number) => string;
  body?: (round: number) => object;
}

const ATTACKS: readonly Attack[] = [
  {
    what: 'a thousand unknown names',
    connections: 4,
    path: () => `/v1/kernels/${honest}/vars/resolve`,
    body: (round) => ({
      names: Array.from({ length: 1000 }, (_, at) => `init_tsak_structure_${round}_${at}`),
    }),
  },
  {
    what: `one name of ${TWINS} variables`,
    connections: 4,
    path: (round) => `/v1/kernels/${hostile}/vars/twin?as=${['json', 'c', 'btf'][round % 3]}`,
  },
  {
    what: 'pages of a thousand variables',
    connections: 4,
    path: (round) => `/v1/kernels/${hostile}/vars?prefix=wide_&limit=${1000 - (round % 500)}`,
  },
  {
    what: `variables of ${KERNELS} kernels`,
    connections: 64,
    path: (round) => `/v1/kernels/${kernelId(round % KERNELS)}/vars/${round % 2 ? 'x' : 'jiffies'}`,
  },
];

/**
 * One client makes the most expensive requests, without a budget that would stop it. Another one
 * asks for `/healthz` and for a variable that is not in memory: its waits are shown.
 */
export const attackBench: Bench = async ({ quick }) => {
  const seconds = quick ? 2 : 10;
  const rows: Row[] = [];
  const facts = await honestKernel();
  for (const attack of ATTACKS) {
    const found = await inFolder(async (folder) => {
      await fill(await openFsStores(folder), facts);
      const settings = { BTFDEPOT_DATA: folder, BTFDEPOT_CLIENT_BUDGET: '0' };
      const depot = startProcess('apps/cli/src/main.ts', ['serve', '--port', '0'], settings);
      try {
        return await underAttack(await urlOf(depot), attack, facts.names, seconds);
      } finally {
        await depot.stop('SIGKILL');
      }
    });
    rows.push(...found);
  }
  return { on: `K612 and made-up kernels, ${seconds} s for each attack`, rows };
};

async function underAttack(
  url: string,
  { what, connections, path, body }: Attack,
  names: readonly string[],
  seconds: number,
): Promise<Row[]> {
  const greedy = client(url, '127.0.1.1');
  const modest = client(url, '127.0.1.2');
  // Warms up: the start of a service is not measured.
  for (const asked of ['/healthz', `/v1/kernels/${honest}/vars/${names[0]}`]) {
    const { status } = await modest(asked);
    if (status !== 200) throw new Error(`${asked} is ${status} before any attack`);
  }
  const end = AbortSignal.timeout(seconds * 1000);
  let round = 0;
  const attacker = async () => {
    while (!end.aborted) {
      const number = round++;
      await greedy(path(number), body?.(number), end).catch(() => sleep(10));
    }
  };
  for (let at = 0; at < connections; at++) void attacker();
  await sleep(500);
  const health: Answer[] = [];
  const variables: Answer[] = [];
  while (!end.aborted) {
    const name = names[(variables.length * 37) % names.length];
    const [alive, variable] = await Promise.all([
      modest('/healthz'),
      modest(`/v1/kernels/${honest}/vars/${name}`),
    ]);
    health.push(alive);
    variables.push(variable);
    await sleep(50);
  }
  return [
    ...latencies(`${what}: /healthz`, health, '≤ 100 ms'),
    ...latencies(`${what}: a variable`, variables, '≤ 250 ms'),
  ];
}

function latencies(what: string, answers: readonly Answer[], goal: string): Row[] {
  const times = answers.map(({ took }) => took).sort((a, b) => a - b);
  const failed = answers.filter(({ status }) => status !== 200).length;
  return [
    { what: `${what}, median`, unit: 'ms', ours: median(times) },
    {
      what: `${what}, 95th percentile`,
      unit: 'ms',
      ours: times[Math.floor(times.length * 0.95)] ?? NaN,
      goal,
    },
    { what: `${what}, not answered`, unit: `of ${answers.length}`, ours: failed, goal: '0' },
  ];
}

/** Asks from its own address, by which the service tells clients apart. */
function client(url: string, localAddress: string) {
  const agent = new Agent({ keepAlive: true });
  return (path: string, body?: object, signal?: AbortSignal): Promise<Answer> => {
    const started = performance.now();
    return new Promise((resolve) => {
      const ended = (status: number, size: number) =>
        resolve({ status, size, took: performance.now() - started });
      const headers = { 'Content-Type': 'application/json' };
      const method = body ? 'POST' : 'GET';
      const given = signal ?? AbortSignal.timeout(GIVES_UP);
      request(url + path, { agent, localAddress, method, headers, signal: given })
        .on('response', (response) => {
          buffer(response).then(
            ({ length }) => ended(response.statusCode ?? 0, length),
            () => ended(0, 0),
          );
        })
        .on('error', () => ended(0, 0))
        .end(body && JSON.stringify(body));
    });
  };
}

interface Honest {
  core: Uint8Array;
  vars: Uint8Array;
  names: string[];
}

async function honestKernel(): Promise<Honest> {
  const kernel = await provideKernel('K612');
  const core = new Uint8Array(await readFile(kernel.coreBtf));
  const full = new Uint8Array(await readFile(kernel.fullBtf));
  const { bytes } = attachVariables(parseBtf(core), parseBtf(full));
  return { core, vars: bytes, names: namesOf(parseBtf(bytes, { base: parseBtf(core) })) };
}

function namesOf(btf: Btf): string[] {
  const names = [];
  for (let id = btf.firstId; id < btf.endId; id++) {
    if (btf.kind(id) === Kind.VAR) names.push(btf.name(id));
  }
  return names;
}

function kernelId(number: number): string {
  return buildIdOf(`kernel ${number}`);
}

async function fill({ blobs, records }: Stores, { core, vars }: Honest): Promise<void> {
  const twins = hostileBtf();
  for (const bytes of [core, vars, twins]) await blobs.put(sha256Of(bytes), bytes);
  const entry = (bytes: Uint8Array) => ({ sha256: sha256Of(bytes), size: bytes.length, types: 1 });
  const origin = 'verbatim';
  for (const buildId of [honest, ...Array.from({ length: KERNELS }, (_, at) => kernelId(at))]) {
    const known = { ...entry(vars), variables: 1, baseSha256: sha256Of(core) };
    const parts = { vars: { ...known, origin: 'full' as const } };
    const facts = { buildId, state: 'ready' as const, core: { ...entry(core), origin } as const };
    await records.put(kernelRecord({ ...facts, parts }), undefined);
  }
  const facts = { buildId: hostile, state: 'ready' as const };
  const made = { ...entry(twins), origin } as const;
  await records.put(kernelRecord({ ...facts, core: made }), undefined);
}

/** Thousands of static variables: `twin`, with 100 kB of types, and others that take 40 kB as C. */
function hostileBtf(): Uint8Array {
  const b = new BtfBuilder();
  const int = addInt(b, 'int', 4, 1);
  const members = (count: number) =>
    Array.from({ length: count }, (_, at) => ({
      name: `a_member_with_a_name_that_is_long_${at}`,
      type: int,
      bitOffset: at * 32,
    }));
  const named = addComposite(b, Kind.STRUCT, 'long_one', 8000, members(2000));
  const unnamed = addComposite(b, Kind.STRUCT, '', 3200, members(800));
  for (let at = 0; at < TWINS; at++) {
    addVariable(b, 'twin', named, 0);
    addVariable(b, `wide_${at}`, unnamed, 0);
  }
  return b.finish();
}
