import { once } from 'node:events';
import { request, type IncomingMessage, type RequestOptions } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { parseBtf } from '@btf-depot/btf';
import { systemClock, TokenGuard, type BlobStore, type RecordStore } from '@btf-depot/depot';
import { attachVariables } from '@btf-depot/extras';
import { createLogger, startHttpService, type HttpService } from '@btf-depot/service-kit';
import { buildIdOf, kernelBtf, sha256Of, someBytes } from '@btf-depot/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createFetch } from './index.ts';
import { startFetch, TEST_SETTINGS, type StartedFetch } from './testing/start-fetch.ts';

const DOCUMENT = fileURLToPath(new URL('../../../docs/misses.md', import.meta.url));

/** Merged, this is more than the buffers between us and a reader that reads nothing. */
const ballast = 110_000;
const core = kernelBtf({ ballast });
const vars = attachVariables(parseBtf(core), parseBtf(kernelBtf({ ballast, globals: true }))).bytes;

/** Kernels by what is the matter with them. */
const KERNELS = {
  READY: buildIdOf('ready'),
  BARE: buildIdOf('bare'),
  COMPRESSING: buildIdOf('compressing'),
  WITHDRAWN: buildIdOf('withdrawn'),
  NOBODYS: buildIdOf('nobody sent it'),
};

let depot: StartedFetch;
/** Services whose store is away, that want tokens, compute little, have no room for answers. */
let away: HttpService;
let closed: HttpService;
let frugal: StartedFetch;
let full: StartedFetch;
let slow: Socket;

beforeAll(async () => {
  depot = await startFetch();
  const artifact = someBytes(5000, 'carrier');
  const entry = { sha256: sha256Of(artifact), size: 5000, mediaType: 'application/gzip' };
  await depot.blobs.put(entry.sha256, artifact);
  const artifacts = { 'btf_vmlinux.ko.gz': entry, manifest: entry };
  const states = {
    READY: { artifacts },
    BARE: {},
    COMPRESSING: { state: 'compressing' },
    WITHDRAWN: { state: 'withdrawn', withdrawal: { reason: 'wrong types', at: NOW } },
  } as const;
  for (const [name, state] of Object.entries(states)) {
    const parts = name === 'BARE' ? { core } : { core, vars };
    await depot.store(parts, { buildId: KERNELS[name as keyof typeof KERNELS], ...state });
  }
  away = await serve({
    blobs: { ...depot.blobs, has: goneAway, stream: goneAway, get: goneAway },
    records: { ...depot.records, get: goneAway },
  });
  const guard = new TokenGuard({ get: () => Promise.resolve(undefined) } as never, systemClock, 0);
  closed = await serve(depot, guard);
  frugal = await startFetch({ BTFDEPOT_CLIENT_BUDGET: 1 });
  await frugal.store({ core, vars }, { buildId: KERNELS.READY });
  await frugal.get(`/v1/kernels/${KERNELS.READY}/vars/init_task`);
  full = await startFetch({ BTFDEPOT_HOT_ANSWERS: 1 });
  for (const name of ['READY', 'COMPRESSING'] as const) {
    await full.store({ core, vars }, { buildId: KERNELS[name] });
  }
  // Another client: this one has its own share.
  const port = Number(new URL(full.url).port);
  slow = connect({ port, host: '127.0.0.1', localAddress: '127.0.1.1' });
  slow.write(`GET /v1/kernels/${KERNELS.READY}/vmlinux.full.btf HTTP/1.1\r\nHost: x\r\n\r\n`);
  await once(slow, 'readable');
});

afterAll(async () => {
  slow.destroy();
  await Promise.all([depot.close(), away.close(), closed.close(), frugal.close(), full.close()]);
});

const NOW = '2026-01-01T00:00:00.000Z';

const goneAway = () =>
  Promise.reject(
    Object.assign(new Error('the store does not answer'), { code: 'store-unavailable' }),
  );

function serve(stores: { blobs: BlobStore; records: RecordStore }, readers?: TokenGuard) {
  const log = createLogger('fetch', 'silent');
  const fetch = createFetch(stores, TEST_SETTINGS, log);
  const where = { host: '127.0.0.1', port: 0, log, checks: {}, graceMs: 0 };
  return startHttpService({ ...where, ...fetch, readers });
}

type Miss = [
  why: string,
  path: string,
  options?: { head?: boolean; headers?: object; of?: string },
];

const kernel = '/v1/kernels/';

/** In the order of the document. */
const SECTIONS: Record<string, Miss[]> = {
  Missing: [
    [
      'Nobody sent a kernel of this build ID. Caches may keep that for five seconds.',
      `${kernel}$NOBODYS/btf_vmlinux.ko.gz`,
    ],
    [
      'Its artifacts are not ready yet; retry. No cache keeps this answer.',
      `${kernel}$COMPRESSING/btf_vmlinux.ko.gz`,
    ],
    [
      'It came without variables. Anyone with its debug information can upload it.',
      `${kernel}$BARE/vmlinux.vars.btf`,
    ],
    ['It came without inlined calls.', `${kernel}$READY/inlines?function=pid_task`],
    ['There is no file of this name.', `${kernel}$READY/btf_vmlinux.ko.none`],
    ['The manifest is not signed.', `${kernel}$READY/manifest.sig`],
    ['It has no such variable; similar names are suggested.', `${kernel}$READY/vars/init_tusk`],
    ['No kernel has this blob, or not any more.', `/v1/blobs/sha256/${'0'.repeat(64)}`],
    ['It was withdrawn; the answer has the reason.', `${kernel}$WITHDRAWN/btf_vmlinux.ko.gz`],
    [
      'HEAD has the same head, without the body.',
      `${kernel}$NOBODYS/btf_vmlinux.ko.gz`,
      { head: true },
    ],
  ],
  'Wrong requests': [
    ['', `${kernel}vmlinuz/btf_vmlinux.ko.gz`],
    ['', `${kernel}$READY/inlines`],
    ['', '/v1/blobs/sha256/xyz'],
    ['', `${kernel}$READY/btf_vmlinux.ko.gz`, { headers: { Range: 'bytes=5000-' } }],
  ],
  'Temporary refusals': [
    [
      'The store does not answer. What fetch has in memory is still served.',
      `${kernel}$READY`,
      { of: 'away' },
    ],
    [
      'Slow readers hold all memory for computed answers.',
      `${kernel}$COMPRESSING/vmlinux.full.btf`,
      { of: 'full' },
    ],
    [
      'This client has spent its budget of computation for this minute.',
      `${kernel}$READY/vars/tasks`,
      { of: 'frugal' },
    ],
    ['Reading from this depot needs a token.', `${kernel}$READY`, { of: 'closed' }],
  ],
  "debuginfod's clients": [
    [
      'Everything that is missing is 404, for any reason. The client remembers it for ten minutes.',
      '/buildid/$BARE/section/.BTF.vars',
    ],
    ['', '/buildid/$WITHDRAWN/section/.BTF'],
    [
      'A temporary refusal is 406, the only error that the client does not remember. After a 503 it would\n' +
        'download all debug information.',
      '/buildid/$READY/section/.BTF',
      { of: 'away' },
    ],
  ],
};

test('docs/misses.md has each kind of miss as it is answered', async () => {
  const sections: string[] = [];
  for (const [title, misses] of Object.entries(SECTIONS)) {
    const shown: string[] = [];
    for (const miss of misses) shown.push(await transcript(miss));
    sections.push(`## ${title}\n\n${shown.join('\n\n')}`);
  }
  await expect(`${HEAD}\n${sections.join('\n\n')}\n`).toMatchFileSnapshot(DOCUMENT);
});

const HEAD = `# Misses

Programs decide by the status and the stable \`code\`. \`title\` and \`detail\` are for people;
\`requestId\` finds the request in the service's log. \`libs/contracts/src/problem.ts\` lists all codes,
\`/docs\` those of each route. Here \`$READY\` and the like stand for build IDs, … for what varies. Date,
Content-Length and the headers for connections and browsers are left out.

A service gave these answers to \`apps/fetch/src/misses.test.ts\`;
\`vitest run --project unit apps/fetch/src/misses.test.ts -u\` writes this page.
`;

const LEFT_OUT =
  /^(date|connection|keep-alive|content-length|transfer-encoding|x-content-.*|access-control-.*)$/i;

async function transcript([why, path, { head, headers = {}, of } = {}]: Miss): Promise<string> {
  const { url } = { away, closed, frugal, full }[of ?? ''] ?? depot;
  const asked = Object.entries(KERNELS).reduce(
    (all, [name, id]) => all.replace(`$${name}`, id),
    path,
  );
  const method = head ? 'HEAD' : 'GET';
  const [answer, body] = await ask(url + asked, {
    method,
    headers: headers as Record<string, string>,
  });
  const given = Object.entries(headers).map(([name, value]) => ` -H '${name}: ${value}'`);
  const quoted = path.includes('?') ? `"$URL${path}"` : `$URL${path}`;
  const lines = [
    `$ curl ${head ? '-I' : '-i'}${given.join('')} ${quoted}`,
    `HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}`,
    ...headLines(answer.rawHeaders),
    ...(head ? [] : ['', body.trimEnd()]),
  ];
  const code = ['```console', ...lines, '```'].join('\n');
  return named(why === '' ? code : `${why}\n\n${code}`);
}

async function ask(url: string, options: RequestOptions): Promise<[IncomingMessage, string]> {
  const asking = request(url, options).end();
  const [answer] = (await once(asking, 'response')) as [IncomingMessage];
  return [answer, await text(answer)];
}

/** The number of the request first: where it stands depends on whether the blob was in memory yet. */
function headLines(raw: readonly string[]): string[] {
  const lines: string[] = [];
  for (let at = 0; at < raw.length; at += 2) {
    if (LEFT_OUT.test(raw[at])) continue;
    const line = `${raw[at]}: ${raw[at + 1]}`;
    if (raw[at] === 'X-Request-Id') lines.unshift(line);
    else lines.push(line);
  }
  return lines;
}

/** With names for build IDs, and nothing that differs from time to time. */
function named(shown: string): string {
  const uuid = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
  return Object.entries(KERNELS).reduce(
    (all, [name, id]) => all.replaceAll(id, `$${name}`),
    shown.replace(uuid, '…').replace(/(retry-?after"?: ?|retry in )\d{2,3}/gi, '$1…'),
  );
}
