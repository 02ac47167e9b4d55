import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildIdOf, kernelFile, kernelRecord } from '@btf-depot/testing';
import { testFolder } from '@btf-depot/testing/folders';
import { btfdepot } from '@btf-depot/testing/processes';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

/** Clears a terminal, sets its title, rings, reverses the direction of writing. */
const EVIL = '\x1b[2J\x1b]0;owned\x07\r\u202e\u009b31m';
/** No control character but tab and line end, and none that reverses the direction of writing. */
const CLEAN = /^[^\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]*$/;

const buildId = buildIdOf('of a hostile depot');
const blob = { sha256: '0'.repeat(64), size: 1 };
const core = kernelRecord().core;

/** A record with every text made hostile. */
const record = kernelRecord({
  buildId,
  state: 'ready',
  release: EVIL,
  distro: EVIL,
  arch: EVIL,
  encoder: EVIL,
  failure: { code: EVIL, message: EVIL },
  parts: {
    vars: {
      ...blob,
      types: 1,
      variables: 1,
      origin: 'dwarf',
      baseSha256: core.sha256,
    },
  },
  carrier: { loadable: false, why: EVIL, moduleName: EVIL, signed: false, vermagic: EVIL },
  artifacts: { [`${EVIL}.ko`]: { ...blob, mediaType: EVIL } },
  sources: [{ ...kernelRecord().sources[0], package: EVIL, kind: EVIL, encoder: EVIL }],
});

const variable = {
  name: EVIL,
  section: EVIL,
  linkage: 'static',
  perCpu: false,
  from: 'vars',
  ksym: false,
  ksymReason: EVIL,
  declaration: EVIL,
  types: EVIL,
  offset: 0,
  size: 4,
};
const site = {
  function: EVIL,
  section: EVIL,
  offset: 1,
  caller: { name: EVIL, offset: 1 },
  probe: EVIL,
  parameters: [{ name: EVIL, type: EVIL, where: EVIL, fetch: EVIL }],
};
const summary = { buildId, revision: 1, state: 'ready', release: EVIL, distro: EVIL, arch: EVIL };

const problem = (status: number) => ({
  type: EVIL,
  title: EVIL,
  status,
  code: EVIL,
  detail: EVIL,
  suggestions: [EVIL],
});

const folder = testFolder();
let server: Server;
let url: string;
let answer: (path: string) => [status: number, body: unknown];

beforeAll(async () => {
  await writeFile(join(folder, 'vmlinux'), kernelFile({ buildId }));
  server = createServer((request, response) => {
    request.resume();
    const [status, body] = answer((request.url ?? '').split('?')[0] ?? '');
    response.writeHead(status, { 'Content-Type': 'application/json' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => server.closeAllConnections());
afterAll(() => server.close());

const run = async (command: string) => {
  const { output } = await btfdepot(command.split(' '), folder, { BTFDEPOT_URL: url });
  expect(output.length).toBeGreaterThan(0);
  expect(output).toMatch(CLEAN);
  return output;
};

const COMMANDS = [
  `get ${buildId}`,
  `get ${buildId} vmlinux.btf -o there`,
  `vars ${buildId}`,
  `vars ${buildId} jiffies`,
  `vars ${buildId} jiffies --json`,
  `vars ${buildId} --json`,
  `inlines ${buildId}`,
  `inlines ${buildId} pid_task`,
  `lookup ${buildId}`,
  `lookup ${buildId} --json`,
  'push vmlinux',
  'doctor',
];

describe("a depot's text reaches the terminal only escaped:", () => {
  test.each(COMMANDS)('why it refuses %s', async (command) => {
    answer = () => [422, problem(422)];
    await run(command);
  });

  test.each(COMMANDS)('an invalid answer, to %s', async (command) => {
    answer = () => [400, EVIL];
    await run(command);
  });

  test.each(COMMANDS)('records, variables, sites, for %s', async (command) => {
    const kernel = `/v1/kernels/${buildId}`;
    answer = (path) => {
      if (path === kernel) return [200, record];
      if (path.endsWith('/status') || path === '/v1/kernels') {
        const failed = { code: EVIL, message: EVIL };
        return [200, { ...summary, state: 'failed', failure: failed, kernels: [summary] }];
      }
      if (path.endsWith('/vars')) return [200, { buildId, variables: [variable] }];
      if (path.includes('/vars/')) return [200, { buildId, name: EVIL, variables: [variable] }];
      if (path.endsWith('/inlines')) return [200, { buildId, sites: [site] }];
      if (path.endsWith('/lookup')) {
        const several = { asked: EVIL, kernels: [summary] };
        return [
          200,
          { have: [{ asked: EVIL, kernel: summary }], missing: [EVIL], ambiguous: [several] },
        ];
      }
      if (path.endsWith('/manifest')) {
        return [200, `btf-depot-manifest 1\nbuild-id ${buildId}\nrevision 1\ndelivery ${EVIL}\n`];
      }
      return [404, problem(404)];
    };
    await run(command);
  });
});
