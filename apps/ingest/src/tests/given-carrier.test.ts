import { gzipSync } from 'node:zlib';
import { bytesSource } from '@btf-depot/bytes';
import { carrier, readCarrier, type CarrierInput } from '@btf-depot/carrier';
import { emptyModule, signatureOf, withSection } from '@btf-depot/carrier/testing';
import { plainArtifacts, splitKernel } from '@btf-depot/depot';
import { SectionFlag, SectionType } from '@btf-depot/elf';
import { buildIdOf, kernelFile, loadableKernel, sha256Of } from '@btf-depot/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sendParts } from '../testing/send-parts.ts';
import { sendRefused } from '../testing/send-refused.ts';
import { startIngest } from '../testing/start-ingest.ts';

let ingest: Awaited<ReturnType<typeof startIngest>>;

beforeAll(async () => {
  ingest = await startIngest({});
});

afterAll(() => ingest.stop());

/** A kernel, and the carriers that its build makes of the same files, with something signed on. */
function built(seed: string) {
  const buildId = buildIdOf(seed);
  const { vmlinux: kernel, full } = loadableKernel(buildId);
  const parts = splitKernel(
    { kernel: bytesSource(kernel), full: bytesSource(full) },
    { extras: ['vars'] },
  );
  const { endian, delivery, core, vars, ksyms, arch, bits } = parts;
  const { load } = parts.carrier;
  if (!vars || !ksyms || !load || arch === undefined || bits === undefined) throw new Error(seed);
  const artifacts = plainArtifacts({
    buildId,
    revision: 1,
    endian,
    delivery,
    arch,
    bits,
    load,
    core: core.bytes,
    vars: vars.bytes,
    ksyms: ksyms.bytes,
  });
  const signed = (name: string) =>
    Buffer.concat([
      artifacts.find((one) => one.name === name)?.bytes ?? Buffer.of(),
      signatureOf(),
    ]);
  const input: CarrierInput = {
    target: { class: 64, endian: 'little', machine: 62 },
    buildId,
    load,
    baseSha256: core.sha256,
    btf: { holds: 'ksyms', bytes: ksyms.bytes },
    extras: [{ name: 'vars', bytes: vars.bytes }],
  };
  const other = (change: Partial<CarrierInput>) => carrier({ ...input, ...change });
  return { buildId, kernel, full, signed, other, input, load };
}

describe('a carrier that the build made', () => {
  test('comes with its kernel, and is the artifact byte for byte', async () => {
    const { buildId, kernel, full, signed } = built('with its kernel');
    const file = signed('btf_vmlinux.ko');
    expect(await sendParts(ingest.url, { kernel, full, carrier: file })).toMatchObject({
      status: 201,
    });
    expect((await ingest.record(buildId))?.carrier).toMatchObject({
      signed: true,
      given: { 'btf_vmlinux.ko': { sha256: sha256Of(file), size: file.length, signed: true } },
    });
  });

  test('comes later, alone, packed, and says by itself which kernel it is for', async () => {
    const { buildId, kernel, full, signed } = built('later');
    await sendParts(ingest.url, { kernel, full });
    const least = gzipSync(signed('btf_vmlinux_ksyms.ko'));
    const answer = await sendParts(ingest.url, { carrier: least });
    expect(answer).toMatchObject({ status: 201, body: { buildId, revision: 2 } });
    expect((await ingest.record(buildId))?.carrier?.given).toHaveProperty(['btf_vmlinux_ksyms.ko']);
    const whole = signed('btf_vmlinux.ko');
    const response = await fetch(`${ingest.url}/v1/kernels`, { method: 'PUT', body: whole });
    expect(response.status).toBe(201);
    expect(Object.keys((await ingest.record(buildId))?.carrier?.given ?? {})).toHaveLength(2);
    expect((await sendParts(ingest.url, { carrier: least })).status).toBe(200);
  });

  test('is taken again after another has replaced it: known is what is published, not what once was', async () => {
    const { buildId, kernel, full, signed } = built('put right');
    const good = signed('btf_vmlinux.ko');
    const bySomeoneElse = signatureOf(Buffer.from('300f06092a864886f70d010702a0020500', 'hex'));
    const wrong = Buffer.concat([good.subarray(0, -signatureOf().length), bySomeoneElse]);
    const given = async () => (await ingest.record(buildId))?.carrier?.given?.['btf_vmlinux.ko'];
    await sendParts(ingest.url, { kernel, full, carrier: good });
    await sendParts(ingest.url, { carrier: wrong });
    expect(await given()).toMatchObject({ sha256: sha256Of(wrong) });
    expect((await sendParts(ingest.url, { carrier: good })).status).toBe(201);
    expect(await given()).toMatchObject({ sha256: sha256Of(good) });
    const before = await ingest.record(buildId);
    expect((await sendParts(ingest.url, { carrier: good })).status).toBe(200);
    expect(await ingest.record(buildId)).toEqual(before);
  });

  test('comes beside a kernel that replaces the symbols: the ksyms are made of the variables again', async () => {
    const { buildId, kernel, full, signed } = built('replaced');
    await sendParts(ingest.url, { kernel, full });
    const { vmlinux } = loadableKernel(buildId, { symbols: true }, 'all');
    const least = signed('btf_vmlinux_ksyms.ko');
    const { status, body } = await sendParts(
      ingest.url,
      { kernel: vmlinux, carrier: least },
      '?replace=true',
    );
    expect([status, body.detail]).toEqual([201, undefined]);
    expect(await ingest.record(buildId)).toMatchObject({
      parts: { symbols: { from: 'kallsyms' } },
      carrier: { given: { 'btf_vmlinux_ksyms.ko': { sha256: sha256Of(least) } } },
    });
  });

  test('keeps the variables that it has, whatever comes later', async () => {
    const { buildId, kernel, full, signed } = built('kept');
    await sendParts(ingest.url, { kernel, full, carrier: signed('btf_vmlinux.ko') });
    const before = await ingest.record(buildId);
    await sendParts(ingest.url, { kernel, full: gzipSync(full) });
    expect((await ingest.record(buildId))?.parts).toEqual(before?.parts);
  });
});

describe('a carrier is refused, and nothing is left behind:', () => {
  const made = built('refused');
  const { other, input, load } = made;
  const bytes = Uint8Array.of(1, 2, 3);
  const ksyms = readCarrier(other({})).sections[0]?.bytes ?? bytes;
  const cases: [what: string, file: Uint8Array, detail: RegExp][] = [
    ['of another build', other({ buildId: buildIdOf('other') }), /build ID/],
    ['on another core', other({ baseSha256: '00'.repeat(32) }), /base/],
    ['with another release', other({ load: { ...load, vermagic: '7.0 ' } }), /vermagic/],
    ['under another name', other({ name: 'vmlinux.vars' }), /named/],
    [
      'with other ksyms',
      other({ btf: { holds: 'ksyms', bytes } }),
      /the depot has other bytes for its \.BTF/,
    ],
    ['with other variables', other({ extras: [{ name: 'vars', bytes }] }), /\.BTF\.vars/],
    ['without variables', other({ extras: [] }), /it has no \.BTF\.vars/],
    [
      'of another machine',
      other({ target: { ...input.target, machine: 183 }, load: { ...load, placeholders: [] } }),
      /machine of its ELF header is 183, and 62 in modules of the kernel/,
    ],
    ['of another byte order', other({ target: { ...input.target, endian: 'big' } }), /endian of/],
    ['with other e_flags', other({ load: { ...load, elfFlags: 5 } }), /flags of its ELF/],
    ['with another OS ABI', other({ load: { ...load, osabi: 3 } }), /osabi of its ELF/],
    [
      'with what the depot has not',
      other({ extras: [...input.extras, { name: 'more', bytes: ksyms }] }),
      /the depot has no \.BTF\.more of this kernel/,
    ],
  ];

  test.each(cases)('%s', async (_, file, detail) => {
    const { kernel, full, buildId } = made;
    await sendParts(ingest.url, { kernel, full });
    const upload = [{ carrier: file }, `?buildId=${buildId}`] as const;
    await sendRefused(ingest, upload, [422, 'foreign-carrier', detail]);
  });

  const honest = other({});
  const code = withSection(honest, {
    name: '.init.text',
    flags: SectionFlag.ALLOC | SectionFlag.EXECINSTR,
    bytes: Uint8Array.of(0x31, 0xc0, 0xc3),
  });
  const relocation = {
    name: '.rela.gnu.linkonce.this_module',
    type: SectionType.RELA,
    align: 8,
    entrySize: 24,
    bytes: new Uint8Array(24),
  };
  const fields = [
    { key: 'build_id', value: made.buildId },
    { key: 'btf_base_sha256', value: input.baseSha256 },
  ];
  const btf = readCarrier(honest).sections;
  const unsafe: [what: string, file: Uint8Array, detail: RegExp][] = [
    [
      'with code, and a relocation that makes it the init function',
      withSection(code, relocation, '.gnu.linkonce.this_module'),
      /\.init\.text: it is for code \(carrier-section\)/,
    ],
    [
      'that patches the kernel',
      withSection(honest, { name: '.altinstructions', flags: SectionFlag.ALLOC, bytes }),
      /\.altinstructions: code is patched by it/,
    ],
    [
      'with bytes behind its signature',
      Buffer.concat([made.signed('btf_vmlinux.ko'), bytes]),
      /bytes behind/,
    ],
    [
      'whose name is a pointer of its struct module',
      other({ load: { ...load, structModule: { size: 1280, nameOffset: 320 } } }),
      /its name is at 320/,
    ],
    [
      'for another struct module',
      other({ load: { ...load, structModule: { size: 1216, nameOffset: 24 } } }),
      /1216 bytes/,
    ],
    ['with another CRC', other({ load: { ...load, layoutCrc: 1 } }), /CRC/],
    [
      'that is harmless, but not what the depot would make',
      emptyModule({ name: 'btf_vmlinux', sections: btf, modinfo: fields, vermagic: load.vermagic }),
      /\.text: it is for code/,
    ],
  ];

  test.each(unsafe)('%s', async (_, file, detail) => {
    const { kernel, full, buildId } = made;
    await sendParts(ingest.url, { kernel, full });
    for (const sent of [file, gzipSync(file)]) {
      const upload = [{ carrier: sent }, `?buildId=${buildId}`] as const;
      await sendRefused(ingest, upload, [422, 'unsafe-carrier', detail]);
    }
  });

  test('with its kernel, of which nothing is kept then either', async () => {
    const { kernel, full } = built('with code');
    const upload = [{ kernel, full, carrier: code }] as const;
    await sendRefused(ingest, upload, [422, 'foreign-carrier']);
  });

  test('before its kernel is there', async () => {
    const { signed } = built('too early');
    await sendRefused(ingest, [{ carrier: signed('btf_vmlinux.ko') }], [422, 'no-core']);
  });

  test('what is no module at all', async () => {
    const { kernel, full } = built('no module');
    const upload = [{ kernel, full, carrier: kernelFile() }] as const;
    await sendRefused(ingest, upload, [415, 'unsupported-media']);
  });
});
