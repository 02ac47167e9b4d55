import { linkRecord } from '@btf-depot/carrier/testing';
import { parseBtf } from '@btf-depot/btf';
import { SectionType } from '@btf-depot/elf';
import { SiteTable } from '@btf-depot/extras';
import {
  buildIdOf,
  DWARF_GLOBALS,
  inlinedKernel,
  kernelBtf,
  kernelFile,
  kernelWithoutBtf,
} from '@btf-depot/testing';
import { debFile } from '@btf-depot/testing/packages';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sendParts } from '../testing/send-parts.ts';
import { sendRefused } from '../testing/send-refused.ts';
import { startIngest } from '../testing/start-ingest.ts';

let ingest: Awaited<ReturnType<typeof startIngest>>;

beforeAll(async () => {
  ingest = await startIngest({});
});

afterAll(() => ingest.stop());

const send = (parts: Readonly<Record<string, Uint8Array>>, query?: string) =>
  sendParts(ingest.url, parts, query);

describe('a kernel that was built without BTF', () => {
  const buildId = buildIdOf('encoded');
  const kernel = kernelWithoutBtf(buildId);

  test('is taken: core and variables are made of its debug information, by rules that are named', async () => {
    const { status, body } = await send({ kernel });
    expect([status, body.code]).toEqual([201, undefined]);
    expect(body).toMatchObject({ report: { delivery: 'module', core: { origin: 'dwarf' } } });
    expect(await ingest.record(buildId)).toMatchObject({
      delivery: 'module',
      core: {
        origin: 'partition',
        encoded: { rules: '1.30', coverage: { units: 1, functions: { taken: 1, noSymbol: 0 } } },
      },
      parts: { vars: { origin: 'dwarf', variables: DWARF_GLOBALS.length } },
    });
  });

  test('is the same kernel however it comes: in a package, sent again', async () => {
    const again = await send({ kernel });
    expect([again.status, again.body.revision]).toEqual([200, 1]);
    const members = [{ name: 'usr/lib/debug/boot/vmlinux-5.10', bytes: kernel }];
    const packed = await send({ kernel: debFile({ members }) });
    expect([packed.status, packed.body.revision]).toEqual([201, 1]);
  });

  test('has inlined calls that stand on its core', async () => {
    const id = buildIdOf('encoded inlines');
    const { vmlinux } = inlinedKernel(id, { withoutBtf: true });
    expect((await send({ kernel: vmlinux })).status).toBe(201);
    const record = await ingest.record(id);
    const { core, parts } = record ?? {};
    expect(parts?.inlines).toMatchObject({ sites: 3, baseSha256: core?.sha256 });
    const [ofCore, ofInlines] = await Promise.all(
      [core, parts?.inlines].map((part) => ingest.blobs.get(part?.sha256 ?? '')),
    );
    const base = parseBtf(ofCore ?? new Uint8Array());
    const sites = new SiteTable(parseBtf(ofInlines ?? new Uint8Array(), { base }));
    expect(sites.names).toEqual(['twice']);
  });

  test("gives way to what the build's own pahole made, with its kernel or by itself", async () => {
    for (const withKernel of [true, false]) {
      const id = buildIdOf(`encoded before ${withKernel}`);
      const file = kernelWithoutBtf(id);
      await send({ kernel: file });
      const before = await ingest.record(id);
      const full = kernelBtf({ globals: true });
      const { status } = await send(
        withKernel ? { kernel: file, full } : { full },
        `?buildId=${id}`,
      );
      expect(status).toBe(201);
      const record = await ingest.record(id);
      expect(record).toMatchObject({
        revision: 2,
        owner: { principal: 'local' },
        core: { origin: 'partition' },
        parts: { vars: { origin: 'partition' } },
      });
      expect(record?.core).not.toHaveProperty('encoded');
      expect(record?.core.sha256).not.toBe(before?.core.sha256);
      // The kernel's own stays then.
      await send({ kernel: file });
      expect((await ingest.record(id))?.core.sha256).toBe(record?.core.sha256);
    }
  });
});

describe('a kernel that has BTF', () => {
  test('keeps it, whatever its debug information would give', async () => {
    const id = buildIdOf('own');
    const own = kernelBtf();
    const kernel = kernelWithoutBtf(id, [{ name: '.BTF', bytes: own }]);
    expect((await send({ kernel })).status).toBe(201);
    const record = await ingest.record(id);
    expect(record).toMatchObject({ delivery: 'builtin', core: { origin: 'verbatim' } });
    expect(record?.core.size).toBe(own.length);
  });

  const elsewhere = {
    'its debug file, of which the kernel has the bytes': {
      name: '.BTF',
      type: SectionType.NOBITS,
      bytes: new Uint8Array(64),
    },
    'one whose build has it in a module': {
      name: '.BTF.vars.link',
      bytes: linkRecord({ module: 'btf_vmlinux_vars', data: new Uint8Array(1) }),
    },
  };
  test.each(Object.entries(elsewhere))(
    'in another file gets no other: %s',
    async (what, section) => {
      const kernel = kernelWithoutBtf(buildIdOf(what), [section]);
      await sendRefused(ingest, [{ kernel }], [422, 'no-core', /another file of its build/]);
    },
  );
});

test('a kernel without BTF and without debug information is told what to send', async () => {
  const kernel = kernelFile({ buildId: buildIdOf('bare'), btf: undefined });
  await sendRefused(ingest, [{ kernel }], [422, 'no-core', /package with debug information/]);
});
