import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { readFile, stat } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseBtf } from '@btf-depot/btf';
import type { BlobStore } from '@btf-depot/depot';
import { attachVariables } from '@btf-depot/extras';
import { createLogger, startHttpService, type HttpService } from '@btf-depot/service-kit';
import {
  programCommand,
  provided,
  provideProgram,
  type DebianProgram,
} from '@btf-depot/services/provision';
import { buildIdOf, kernelBtf, kernelRecord } from '@btf-depot/testing';
import { testFolder } from '@btf-depot/testing/folders';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFetch } from '../index.ts';
import { startFetch, TEST_SETTINGS, type StartedFetch } from '../testing/start-fetch.ts';

const run = promisify(execFile);

/** debuginfod-find, the client of elfutils. */
const elfutils: DebianProgram = { name: 'elfutils', suite: 'bookworm', packages: ['debuginfod'] };
const client = await provided(() => provideProgram(elfutils));

const core = kernelBtf({ ballast: 2000 });
const whole = kernelBtf({ ballast: 2000, globals: true });
const vars = attachVariables(parseBtf(core), parseBtf(whole)).bytes;
const buildId = buildIdOf('kernel');

const folder = testFolder();
let depot: StartedFetch;
/** Knows nothing: the public server that stands before or behind ours. */
let stranger: Server;
let strangerUrl: string;
/** Ours, with a store that can be away. */
let shaky: HttpService;
let storeIsAway = false;
let caches = 0;

beforeAll(async () => {
  depot = await startFetch();
  await depot.store({ core, vars }, { buildId });
  stranger = createServer((_request, response) => response.writeHead(404).end());
  await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
  strangerUrl = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`;
  const blobs = new Proxy(depot.blobs, {
    get(target, name: keyof BlobStore) {
      if (storeIsAway) return () => Promise.reject(new Error('the store is away'));
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? (member as () => unknown).bind(target) : member;
    },
  });
  const log = createLogger('fetch', 'silent');
  shaky = await startHttpService({
    host: '127.0.0.1',
    port: 0,
    log,
    ...createFetch({ blobs, records: depot.records }, TEST_SETTINGS, log),
  });
});

afterAll(async () => {
  await shaky.close();
  await depot.close();
  await new Promise((resolve) => stranger.close(resolve));
});

interface Asked {
  id?: string;
  section?: string;
  urls?: string[];
  cache?: string;
}

/** A cache of its own unless one is named: the client remembers what it got, and what it did not. */
async function find(asked: Asked): Promise<Buffer> {
  return readFile(await findFile(asked));
}

async function findFile(asked: Asked): Promise<string> {
  const { id = buildId, section = '.BTF', urls = [depot.url], cache = newCache() } = asked;
  const [loader, ...args] = programCommand(elfutils, 'usr/bin/debuginfod-find');
  const { stdout } = await run(loader, [...args, 'section', id, section], {
    env: { DEBUGINFOD_URLS: urls.join(' '), DEBUGINFOD_CACHE_PATH: cache, HOME: folder },
  });
  return stdout.trim();
}

function newCache(): string {
  return join(folder, `cache-${caches++}`);
}

if ('absent' in client) {
  const { absent } = client;
  test('needs debuginfod-find', (context) => context.skip(absent));
}

describe.skipIf('absent' in client)('debuginfod-find of elfutils', () => {
  test.each([
    ['.BTF', core],
    ['.BTF.vars', vars],
  ])('section %s', async (section, bytes) => {
    expect(new Uint8Array(await find({ section }))).toEqual(bytes);
  });

  test('its file has the date of the upload', async () => {
    const { mtime } = await stat(await findFile({}));
    expect(mtime.toUTCString()).toBe(new Date(kernelRecord().uploadedAt).toUTCString());
  });

  test.each(['first', 'last'])('several servers, this one %s', async (place) => {
    const urls = place === 'first' ? [depot.url, strangerUrl] : [strangerUrl, depot.url];
    expect(new Uint8Array(await find({ urls }))).toEqual(core);
  });

  test('64 at once', async () => {
    const got = await Promise.all(Array.from({ length: 64 }, () => find({ section: '.BTF.vars' })));
    for (const bytes of got) expect(new Uint8Array(bytes)).toEqual(vars);
  });

  test.each([{ id: buildIdOf('nobody') }, { section: '.text' }, { section: '.BTF.inlines' }])(
    'what is missing: %j',
    async (asked) => {
      await expect(find(asked)).rejects.toThrow(/No such file or directory/);
    },
  );

  test('while the store is away: nothing is remembered, and nothing else downloaded', async () => {
    const asked = { urls: [shaky.url], cache: newCache() };
    storeIsAway = true;
    await expect(find(asked)).rejects.toThrow(/Server query failed: File too large/);
    storeIsAway = false;
    expect(new Uint8Array(await find(asked))).toEqual(core);
  });
});
