import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { buildIdOf, kernelBtf, kernelFile, TEST_GLOBALS } from '@btf-depot/testing';
import { testFolder } from '@btf-depot/testing/folders';
import { btfdepot, startDepot, type StartedDepot } from '@btf-depot/testing/processes';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const run = promisify(execFile);
const buildId = buildIdOf('vmlinux');

const folder = testFolder();
let depot: StartedDepot;
let url: string;

const serve = (...args: string[]) => startDepot(join(folder, 'data'), {}, args);

beforeAll(async () => {
  await writeFile(join(folder, 'vmlinux'), kernelFile({ buildId }));
  await writeFile(join(folder, 'full.btf'), kernelBtf({ globals: true }));
  await writeFile(join(folder, 'text'), 'not a kernel');
  await mkdir(join(folder, 'empty'));
  depot = await serve();
  url = depot.url;
});

afterAll(() => depot.stop());

const command = (...args: string[]) => btfdepot(args, folder);

describe('the whole way in one process', () => {
  test('push sends a kernel and waits until its artifacts are there', async () => {
    const { code, output } = await command('push', '--url', url, 'vmlinux', '--full', 'full.btf');
    expect(output).toMatch(/^vmlinux: [\d.]+ kB sent$/m);
    expect(output).toContain(`build ID ${buildId}, revision 1: ready`);
    expect(output).toContain(`${TEST_GLOBALS.length} variables`);
    expect(code).toBe(0);
  });

  test('push asks first, and does not send what the depot has', async () => {
    const { code, output } = await command('push', '--url', url, 'vmlinux', '--full', 'full.btf');
    expect(output).toContain('nothing was sent');
    expect(code).toBe(0);
  });

  test('push --json says the same for programs', async () => {
    const { output } = await command('push', '--url', url, '--json', 'vmlinux');
    expect(JSON.parse(output)).toMatchObject([
      { file: 'vmlinux', outcome: 'present', status: { buildId, state: 'ready' } },
    ]);
  });

  test('get downloads the carrier, and its bytes are those of the store', async () => {
    const { code, output } = await command('get', '--url', url, buildId);
    expect(output).toContain('SHA-256 checked');
    expect(code).toBe(0);
    const packed = await readFile(join(folder, 'btf_vmlinux.ko.gz'));
    await command('get', '--url', url, '--of', 'vmlinux', 'btf_vmlinux.ko');
    expect(gunzipSync(packed)).toEqual(await readFile(join(folder, 'btf_vmlinux.ko')));
  });

  test('get goes on where a download was cut', async () => {
    const whole = await readFile(join(folder, 'btf_vmlinux.ko'));
    const { output } = await command('get', '--url', url, buildId, 'btf_vmlinux.ko', '--json');
    const { sha256 } = JSON.parse(output) as { sha256: string };
    const part = join(folder, `again.ko.${sha256.slice(0, 12)}.part`);
    await writeFile(part, whole.subarray(0, 100));
    const again = await command('get', '--url', url, buildId, 'btf_vmlinux.ko', '-o', 'again.ko');
    expect(again.output).toContain('resuming at byte 100');
    expect(await readFile(join(folder, 'again.ko'))).toEqual(whole);
    await writeFile(part, Buffer.alloc(100));
    const spoilt = await command('get', '--url', url, buildId, 'btf_vmlinux.ko', '-o', 'again.ko');
    // The existing part differs from the depot's file: all of it is fetched anew.
    expect(spoilt).toMatchObject({ code: 0 });
    expect(await readFile(join(folder, 'again.ko'))).toEqual(whole);
    expect(await readdir(folder)).not.toContain(basename(part));
  });

  test('get makes the merged BTF of its parts, the same as the depot does', async () => {
    const name = 'vmlinux.full.btf';
    const { code, output } = await command('get', '--url', url, buildId, name);
    expect([code, output]).toEqual([0, expect.stringContaining(name)]);
    const response = await fetch(`${url}/v1/kernels/${buildId}/${name}`);
    expect(response.status).toBe(200);
    const sent = Buffer.from(await response.arrayBuffer());
    expect(await readFile(join(folder, name))).toEqual(sent);
  });

  test('get writes to standard output', async () => {
    const { output } = await command('get', '--url', url, buildId, 'manifest', '-o', '-');
    expect(output).toContain(`build-id ${buildId}\n`);
  });

  test('SHA256SUMS is what sha256sum -c reads', async () => {
    const carriers = ['', '.gz', '.xz', '.zst'].map((packed) => `btf_vmlinux.ko${packed}`);
    const names = ['vmlinux.btf', 'vmlinux.vars.btf', ...carriers];
    for (const name of [...names, 'manifest', 'SHA256SUMS']) {
      await command('get', '--url', url, buildId, name);
    }
    const { stdout } = await run('sha256sum', ['-c', 'SHA256SUMS'], { cwd: folder });
    expect(stdout.trim().split('\n')).toEqual([...names, 'manifest'].map((name) => `${name}: OK`));
  });

  test('inspect shows what the carrier says of itself, and its BTF with the base beside', async () => {
    const { output } = await command('inspect', '--base', 'vmlinux', 'btf_vmlinux.ko.gz');
    expect(output).toContain(`build_id=${buildId}`);
    expect(output).toMatch(/^\.BTF\.vars: .* types$/m);
    expect(output).toMatch(/^ {2}VAR +3$/m);
    const { output: json } = await command('inspect', '--json', 'vmlinux');
    expect(JSON.parse(json)).toMatchObject({ buildId, btf: [{ section: '.BTF', types: 6 }] });
  });
});

describe('what goes wrong is said, with a code for programs and an exit status', () => {
  test.each([
    [1, 'unsupported-media', ['push', 'text']],
    [1, 'unsupported-media', ['inspect', 'text']],
    [1, 'no such file: nothing-here [ENOENT]', ['inspect', 'nothing-here']],
    [1, 'no kernel, package or archive in empty', ['push', 'empty']],
    [2, '--build-id', ['push', 'vmlinux', '--build-id', 'XYZ']],
    [2, '--extras', ['push', 'vmlinux', '--extras', 'var']],
    [1, 'no kernel of build ID', ['get', '--url', 'URL', buildIdOf('nobody')]],
    [1, 'has no passwd', ['get', '--url', 'URL', buildId, 'passwd']],
    [2, 'name a build ID', ['get', '../../etc/passwd']],
    [2, 'missing required argument', ['push']],
    [2, 'unknown option', ['push', '--colour', 'x']],
    [2, 'unknown command', ['frobnicate']],
  ])('exit %i, %s', async (status, says, args) => {
    const { code, output } = await command(...args.map((arg) => (arg === 'URL' ? url : arg)));
    expect(output).toContain(says);
    expect(code).toBe(status);
  });

  test('a depot that is not there', async () => {
    const { code, output } = await command('get', '--url', 'http://127.0.0.1:9', buildId);
    expect(code).toBe(1);
    expect(output).toContain('http://127.0.0.1:9');
  });

  test.each([
    [['serve', '--port', 'eighty'], 'BTFDEPOT_PORT'],
    [['serve', '--port', '70000'], 'BTFDEPOT_PORT'],
  ])('a wrong setting stops the start and names itself: %j', async (args, says) => {
    const { code, output } = await command(...args);
    expect(code).toBe(1);
    expect(output).toContain(says);
  });

  test.each(['', 'serve', 'push', 'get', 'inspect'])('btfdepot %s --help', async (verb) => {
    const { code, output } = await command(...(verb ? [verb] : []), '--help');
    expect(code).toBe(0);
    expect(output).toMatch(/^Usage: btfdepot/);
  });
});

test('a depot that was stopped has everything when it is started again', async () => {
  expect(await depot.stop()).toBe(0);
  depot = await serve();
  url = depot.url;
  const { output } = await command('push', '--url', url, 'vmlinux', '--full', 'full.btf');
  expect(output).toContain('nothing was sent');
});

test('kernels named at the start are ingested, and what is refused is said', async () => {
  await depot.stop();
  const other = buildIdOf('other');
  await writeFile(join(folder, 'other'), kernelFile({ buildId: other }));
  depot = await serve(join(folder, 'text'), join(folder, 'other'));
  url = depot.url;
  expect(depot.lines.join('\n')).toContain(`build ID ${other}, revision 1: ready`);
  expect(depot.lines.join('\n')).toContain('text: no kernel, module, BTF or System.map');
  await depot.line(/npx btfdepot /);
});

test.skipIf(!existsSync('/sys/kernel/btf/vmlinux'))(
  "the BTF that sysfs shows is the running kernel's own, built in, and the next step is its variables",
  async () => {
    const running = await startDepot(join(folder, 'running'), {}, ['--running']);
    try {
      await running.line(/its variables: PACKAGE has the debug information of/);
      expect(running.lines.join('\n')).toMatch(/core BTF .* types, builtin$/m);
      const args = ['push', '--url', running.url, '--json', '/sys/kernel/btf/vmlinux'];
      expect(JSON.parse((await command(...args)).output)).toMatchObject([{ outcome: 'present' }]);
    } finally {
      await running.stop();
    }
  },
);

test('where the port is taken, it says so and ends', async () => {
  const other = await startDepot(join(folder, 'first'));
  try {
    const { port } = new URL(other.url);
    const { code, output } = await btfdepot(['serve', '--port', port, '--data', 'second'], folder);
    expect([code, output]).toEqual([1, expect.stringContaining('EADDRINUSE')]);
  } finally {
    await other.stop();
  }
});
