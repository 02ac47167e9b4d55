import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KernelRecord } from '@btf-depot/contracts';
import { SectionType } from '@btf-depot/elf';
import { executable } from '@btf-depot/elf/testing';
import { buildIdNote, buildIdOf, kernelBtf, kernelFile, loadableKernel } from '@btf-depot/testing';
import { bzImageFile, debFile } from '@btf-depot/testing/packages';
import { btfdepot, startDepot, type StartedDepot } from '@btf-depot/testing/processes';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

interface Result {
  outcome?: string;
  sent?: number;
  encodedBy?: string;
  status?: { buildId: string; revision: number; state: string };
  error?: { code?: string; message: string };
}

let folder: string;
let depot: StartedDepot;
let url: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'btf-depot-push-here-'));
  depot = await startDepot(join(folder, 'data'));
  url = depot.url;
});

afterAll(async () => {
  await depot.stop();
  await rm(folder, { recursive: true });
});

async function push(args: string[], environment: Record<string, string> = {}): Promise<Result> {
  const command = ['push', '--json', '--url', url, ...args];
  const { output } = await btfdepot(command, folder, environment);
  const [result] = JSON.parse(output.slice(output.search(/^\[/m))) as Result[];
  return result ?? {};
}

async function record(buildId: string): Promise<KernelRecord> {
  return (await (await fetch(`${url}/v1/kernels/${buildId}`)).json()) as KernelRecord;
}

describe('a kernel that is split here', () => {
  const ballast = 3_000_000;

  test('gives the record that the whole kernel gives, is known then, and is small', async () => {
    const { vmlinux, full } = loadableKernel(buildIdOf('here'));
    await writeFile(join(folder, 'vmlinux'), vmlinux);
    await writeFile(join(folder, 'full.btf'), full);
    const first = await push(['vmlinux', '--full', 'full.btf', '--split=here']);
    expect(first).toMatchObject({ outcome: 'created', status: { state: 'ready', revision: 1 } });
    const here = await record(buildIdOf('here'));
    expect(here.parts.vars?.variables).toBe(3);
    expect(here.carrier?.loadable).toBe(true);
    const again = await push(['vmlinux', '--full', 'full.btf', '--split=here']);
    expect(again).toMatchObject({ outcome: 'present', sent: 0 });
    const whole = await push(['vmlinux', '--full', 'full.btf']);
    expect(whole.status?.revision).toBe(1);
    const { core, parts, carrier } = await record(buildIdOf('here'));
    expect({ core, parts, carrier }).toEqual({
      core: here.core,
      parts: here.parts,
      carrier: here.carrier,
    });
  });

  test('out of a package, and is not sent where the package was', async () => {
    const kernel = kernelFile({ buildId: buildIdOf('here deb'), ballast });
    const members = [{ name: './boot/vmlinuz', bytes: bzImageFile(kernel) }];
    await writeFile(join(folder, 'image.deb'), debFile({ members }));
    const { outcome, sent } = await push(['image.deb', '--split=here']);
    expect([outcome, (sent ?? ballast) < 20_000]).toEqual(['created', true]);
    const other = kernelFile({ buildId: buildIdOf('whole deb'), ballast });
    const others = [{ name: './boot/vmlinuz', bytes: bzImageFile(other) }];
    await writeFile(join(folder, 'other.deb'), debFile({ members: others }));
    expect(await push(['other.deb'])).toMatchObject({ outcome: 'created' });
    expect(await push(['other.deb', '--split=here'])).toMatchObject({ outcome: 'present' });
  });
});

describe('a kernel without BTF', () => {
  const buildId = buildIdOf('no btf');
  const note = { name: '.notes', type: SectionType.NOTE, bytes: buildIdNote(buildId, 'little') };
  const debug = { name: '.debug_info', flags: 0, bytes: new Uint8Array() };

  /** A folder for PATH with a program of that name, which is a shell script. */
  async function withPahole(script: string): Promise<Record<string, string>> {
    const bin = await mkdtemp(join(folder, 'bin-'));
    await writeFile(join(bin, 'pahole'), `#!/bin/sh\n${script}\n`);
    await chmod(join(bin, 'pahole'), 0o755);
    return { PATH: `${bin}:/usr/bin:/bin` };
  }

  beforeAll(async () => {
    await writeFile(join(folder, 'plain'), executable({ sections: [note, debug] }));
    await writeFile(join(folder, 'stripped'), executable({ sections: [note] }));
    await writeFile(join(folder, 'made.btf'), kernelBtf({ globals: true }));
    await mkdir(join(folder, 'empty'));
  });

  test('is explained where there is no pahole, or nothing that it could read', async () => {
    const none = await push(['plain'], { PATH: join(folder, 'empty') });
    expect(none.error).toMatchObject({ code: 'no-btf' });
    expect(none.error?.message).toMatch(/there is no pahole: install pahole .*--full full\.btf/);
    const old = await push(['plain'], await withPahole('echo v1.20'));
    expect(old.error?.message).toContain('pahole here is 1.20');
    const failing = await push(
      ['plain'],
      await withPahole(
        'case $1 in --version) echo v1.30 ;; *) echo "it went wrong" >&2; exit 1 ;; esac',
      ),
    );
    expect(failing.error?.message).toContain('pahole 1.30 failed: it went wrong');
    const stripped = await push(['stripped'], await withPahole('echo v1.30'));
    expect(stripped.error?.message).toContain('name the vmlinux that has it');
  });

  test("gets it from this machine's pahole, in one thread, which is said", async () => {
    const environment = await withPahole(
      `[ "$1" = --version ] && { echo v1.30; exit; }
for arg; do case $arg in -j*) echo 'several threads order types differently' >&2; exit 1 ;; esac; done
for arg; do case $arg in --btf_encode_detached=*) cp ${join(folder, 'made.btf')} "\${arg#*=}" ;; esac; done`,
    );
    const result = await push(['plain'], environment);
    expect(result).toMatchObject({ outcome: 'created', encodedBy: 'pahole 1.30' });
    expect(await record(buildId)).toMatchObject({
      delivery: 'module',
      parts: { vars: { origin: 'partition', variables: 3 } },
    });
    expect(await push(['plain'])).toMatchObject({ outcome: 'present' });
  });
});
