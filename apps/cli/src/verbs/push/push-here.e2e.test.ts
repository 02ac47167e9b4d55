import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KernelRecord } from '@btf-depot/contracts';
import { SectionType } from '@btf-depot/elf';
import { executable } from '@btf-depot/elf/testing';
import {
  buildIdNote,
  buildIdOf,
  DWARF_GLOBALS,
  inlinedKernel,
  kernelFile,
  kernelWithoutBtf,
  loadableKernel,
} from '@btf-depot/testing';
import { testDepot } from '@btf-depot/testing/depots';
import { testFolder } from '@btf-depot/testing/folders';
import { bzImageFile, debFile } from '@btf-depot/testing/packages';
import { btfdepot } from '@btf-depot/testing/processes';
import { describe, expect, test } from 'vitest';

interface Result {
  report?: { missing?: { part: string; code: string; reason: string }[] };
  outcome?: string;
  sent?: number;
  status?: { buildId: string; revision: number; state: string };
  error?: { code?: string; message: string };
}

const folder = testFolder();
const depot = testDepot(join(folder, 'data'));

async function push(args: string[], environment: Record<string, string> = {}): Promise<Result> {
  const command = ['push', '--json', '--url', depot.url, ...args];
  const { output } = await btfdepot(command, folder, environment);
  const [result] = JSON.parse(output.slice(output.search(/^\[/m))) as Result[];
  return result ?? {};
}

async function record(buildId: string): Promise<KernelRecord> {
  return (await (await fetch(`${depot.url}/v1/kernels/${buildId}`)).json()) as KernelRecord;
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

  test('says which extras are not sent, the way out, and what its own file lacks', async () => {
    const { vmlinux } = inlinedKernel(buildIdOf('here inlined'));
    await writeFile(join(folder, 'inlined'), vmlinux);
    const sent = await push(['inlined', '--split=here']);
    expect(sent).toMatchObject({
      outcome: 'created',
      report: {
        missing: [
          { part: 'vars', reason: 'its debug information has no variable with an address' },
          { part: 'inlines', code: 'not-split-here' },
        ],
      },
    });
    const way = '--split=here does not send inlined calls; push the file without it';
    expect(sent.report?.missing?.[1]?.reason).toBe(way);
    const here = ['push', '--url', depot.url, 'inlined', '--split=here'];
    expect((await btfdepot(here, folder)).output).toContain(`no inlines: ${way}`);
    expect((await btfdepot([...here, '--extras', 'vars'], folder)).output).not.toContain(way);
    await push(['inlined']);
    expect((await btfdepot(here, folder)).output).not.toContain(way);
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

describe('a kernel that was built without BTF', () => {
  test('is split here as at the depot, and its record says what core was made of', async () => {
    const buildId = buildIdOf('no btf');
    await writeFile(join(folder, 'plain'), kernelWithoutBtf(buildId));
    expect(await push(['plain', '--split=here'])).toMatchObject({ outcome: 'created' });
    const here = await record(buildId);
    expect(here).toMatchObject({
      delivery: 'module',
      core: { encoded: { rules: '1.30' } },
      parts: { vars: { variables: DWARF_GLOBALS.length } },
    });
    expect(await push(['plain', '--split=here'])).toMatchObject({ outcome: 'present' });
    // Sent whole, it brings inlined calls too.
    expect((await push(['plain'])).error).toBeUndefined();
    expect((await record(buildId)).core.sha256).toBe(here.core.sha256);
  });

  test('and without debug information is told what to send', async () => {
    const note = { name: '.notes', type: SectionType.NOTE };
    const bytes = buildIdNote(buildIdOf('stripped'), 'little');
    await writeFile(join(folder, 'stripped'), executable({ sections: [{ ...note, bytes }] }));
    const { error } = await push(['stripped']);
    expect(error).toMatchObject({ code: 'no-core' });
    expect(error?.message).toContain('package with debug information');
  });
});
