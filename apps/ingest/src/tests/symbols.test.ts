import { claimedParts, type KernelRecord } from '@btf-depot/contracts';
import { buildIdOf, loadableKernel } from '@btf-depot/testing';
import { debFile } from '@btf-depot/testing/packages';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sendParts } from '../testing/send-parts.ts';
import { startIngest } from '../testing/start-ingest.ts';

/** Where the memory that is freed begins and ends. */
const INIT = /^ffffffff830000(08|10) D (?=__init_(begin|end)$)/gm;

/** A map by which all that is freed stays. */
const lieOf = (map: Buffer) =>
  Buffer.from(
    map.toString().replace(INIT, (_, at: string) => `ffffffff8300003${at === '08' ? 0 : 8} D `),
  );

/** The same, by a range without memory. */
const emptied = (map: Buffer) => Buffer.from(map.toString().replace(INIT, 'ffffffff83000008 D '));

let ingest: Awaited<ReturnType<typeof startIngest>>;

beforeAll(async () => {
  ingest = await startIngest({});
});

afterAll(() => ingest.stop());

/** What of a record rests on a claim. */
function claimedOf(record: KernelRecord | undefined): string[] {
  return record ? claimedParts(record) : ['all'];
}

/** A kernel that lost its symbol table, its full BTF and its System.map. */
function stripped(seed: string, inside?: 'all' | 'functions') {
  const buildId = buildIdOf(seed);
  const { vmlinux: kernel, full, map } = loadableKernel(buildId, { symbols: true }, inside);
  const send = (parts: Record<string, Uint8Array>) =>
    sendParts(ingest.url, parts, parts.kernel ? '' : `?buildId=${buildId}`);
  return { kernel, full, map, send, record: () => ingest.record(buildId) };
}

describe('a stripped kernel gets ksyms by its System.map', () => {
  const ksyms = { variables: 1, leftOut: { 'ambiguous-name': 1, 'lost-memory': 1 } };

  test('sent with it', async () => {
    const { kernel, full, map, send, record } = stripped('together');
    expect(await send({ kernel, full, map })).toMatchObject({ status: 201 });
    expect(await record()).toMatchObject({ parts: { ksyms, symbols: { origin: 'map' } } });
  });

  test('sent after its variables', async () => {
    const { kernel, full, map, send, record } = stripped('map last');
    await send({ kernel, full });
    expect((await record())?.parts).not.toHaveProperty('ksyms');
    expect(await send({ map })).toMatchObject({ status: 201, body: { revision: 2 } });
    expect(await record()).toMatchObject({ parts: { ksyms } });
    expect(await send({ map })).toMatchObject({ status: 200, body: { revision: 2 } });
  });

  test('sent before its variables, which makes no new artifacts by itself', async () => {
    const { kernel, full, map, send, record } = stripped('variables last');
    await send({ kernel });
    expect(await send({ map })).toMatchObject({ status: 201, body: { revision: 1 } });
    expect(await send({ full })).toMatchObject({ status: 201, body: { revision: 2 } });
    expect(await record()).toMatchObject({ parts: { ksyms } });
  });

  test('sent at one time with its variables, in two uploads', async () => {
    const { kernel, full, map, send, record } = stripped('both at once');
    await send({ kernel });
    await Promise.all([send({ map }), send({ full })]);
    expect(await record()).toMatchObject({ parts: { ksyms } });
  });

  test('or by a vmlinux with its symbol table, which says more than a map', async () => {
    const { kernel, full, map, send, record } = stripped('vmlinux last');
    await send({ kernel, full });
    await send({ map: Buffer.concat([map, Buffer.from('ffffffff83000030 D more\n')]) });
    const symbols = (await record())?.parts.symbols;
    expect(symbols).toMatchObject({ origin: 'map' });
    const { vmlinux } = loadableKernel(buildIdOf('vmlinux last'));
    await send({ kernel: vmlinux });
    expect(await record()).toMatchObject({
      parts: { ksyms, symbols: { origin: 'symtab' } },
      carrier: { loadable: true },
    });
  });

  test('and its variables are those of the upload that brought them, in another order', async () => {
    const { kernel, full, map, send, record } = stripped('same variables');
    await send({ kernel, full });
    const before = (await record())?.parts.vars;
    await send({ map });
    const after = (await record())?.parts.vars;
    const { variables, origin, types } = before ?? {};
    expect(after).toMatchObject({ variables, origin, types });
  });
});

describe('a map is refused, and nothing is left behind:', () => {
  const { map: own } = loadableKernel(buildIdOf('any'));
  const without = (marker: string) =>
    Buffer.from(own.toString().replace(new RegExp(`.* ${marker}\n`), ''));
  const foreign = Buffer.from(
    own.toString().replace('ffffffff83000008 D freed', 'ffffffff8300000c D freed'),
  );
  test.each([
    ['of another build', foreign, 422, 'foreign-map'],
    ['with lines that are none', Buffer.from('ffffffff83000000 D safe\n!\n'), 422, 'bad-map'],
    // Once all that is freed was given to the running kernel by such a map.
    ['that does not say where memory is freed', without('__init_begin'), 422, 'bad-map'],
    ['that says that no memory is freed', emptied(own), 422, 'bad-map'],
    ['that does not say up to where', without('__init_end'), 422, 'bad-map'],
    ['of kallsyms without addresses', Buffer.from('0000000000000000 D safe\n'), 422, 'bad-map'],
    ['that is something else', Buffer.from('hello'), 415, 'unsupported-media'],
  ])('%s', async (what, map, status, code) => {
    const { kernel, full, send } = stripped(what);
    await send({ kernel, full });
    const before = await ingest.left();
    expect(await send({ map })).toMatchObject({ status, body: { code } });
    expect(await ingest.left()).toEqual(before);
  });

  test('a foreign one that came before the variables does not keep them out', async () => {
    const { kernel, full, map, send, record } = stripped('foreign first');
    await send({ kernel, map: foreign });
    expect(await send({ full })).toMatchObject({ status: 201 });
    const { carrier } = (await record()) ?? {};
    expect(carrier).toMatchObject({ loadable: false });
    expect(await send({ map })).toMatchObject({ status: 201 });
    expect(await record()).toMatchObject({ parts: { ksyms: { variables: 1 } } });
  });
});

describe('a stripped kernel shows its symbols itself', () => {
  const ksyms = {
    variables: 1,
    from: 'kallsyms',
    leftOut: { 'ambiguous-name': 1, 'lost-memory': 1 },
  };

  test('and needs no map', async () => {
    const { kernel, full, send, record } = stripped('inside', 'all');
    expect(await send({ kernel, full })).toMatchObject({ status: 201 });
    expect(await record()).toMatchObject({
      parts: { ksyms, symbols: { origin: 'symtab', from: 'kallsyms' } },
    });
    expect(claimedOf(await record())).toEqual([]);
  });

  test('in the place of what a map said before', async () => {
    const buildId = buildIdOf('replaced');
    const { kernel, full, map, send, record } = stripped('replaced');
    await send({ kernel, full });
    // All that is freed is said to stay.
    await send({ map: lieOf(map) });
    expect(await record()).toMatchObject({
      parts: { ksyms: { variables: 2, from: 'map' }, symbols: { from: 'map' } },
    });
    expect(claimedOf(await record())).toEqual(['ksyms', 'symbols']);
    const { vmlinux } = loadableKernel(buildId);
    await send({ kernel: vmlinux });
    expect(await record()).toMatchObject({
      parts: { ksyms: { variables: 1 }, symbols: { from: 'symtab' } },
    });
  });

  test('and a map that says otherwise is refused', async () => {
    const { kernel, full, map, send, record } = stripped('otherwise', 'all');
    await send({ kernel, full });
    const before = await ingest.left();
    const lie = lieOf(map);
    expect(await send({ map: lie })).toMatchObject({ status: 422, body: { code: 'foreign-map' } });
    expect(await ingest.left()).toEqual(before);
    expect(await send({ map })).toMatchObject({ status: 201 });
    expect(await record()).toMatchObject({ parts: { ksyms } });
  });

  test('and a map beside it in its package is left, with the reason, if it says otherwise', async () => {
    const { kernel, full, map } = stripped('along', 'all');
    const lie = Buffer.from(
      // Shorter ones are what Debian has in the place of a map.
      `${lieOf(map).toString()}ffffffff83000030 D ${'x'.repeat(500)}\n`,
    );
    const members = [
      { name: './boot/vmlinux-6.12', bytes: kernel },
      { name: './boot/System.map-6.12', bytes: lie },
    ];
    const answer = await sendParts(ingest.url, { kernel: debFile({ members }), full });
    expect(answer).toMatchObject({ status: 201 });
    const record = await ingest.record(buildIdOf('along'));
    expect(record).toMatchObject({ parts: { ksyms } });
    expect(record?.carrier?.mapIgnored).toMatch(
      /it has __init_begin at 0xffffffff83000030, the kernel/,
    );
  });

  test('and finds no variable where functions alone are inside', async () => {
    const { kernel, full, map, send, record } = stripped('functions', 'functions');
    expect(await send({ kernel, full })).toMatchObject({ status: 201 });
    expect((await record())?.parts).not.toHaveProperty('ksyms');
    expect((await record())?.parts).not.toHaveProperty('layout');
    expect(await send({ kernel, map })).toMatchObject({ status: 201 });
    expect((await record())?.parts).not.toHaveProperty('ksyms');
    expect(await record()).toMatchObject({
      parts: { symbols: { from: 'map', hidesVariables: true }, layout: { from: 'map' } },
    });
  });

  test('nor with a symbol table beside them, which says where variables are', async () => {
    const buildId = buildIdOf('functions and symtab');
    const { vmlinux: kernel, full } = loadableKernel(buildId, {}, 'functions');
    expect(await sendParts(ingest.url, { kernel, full })).toMatchObject({ status: 201 });
    const record = await ingest.record(buildId);
    expect(record?.parts).not.toHaveProperty('ksyms');
    expect(record).toMatchObject({
      parts: { layout: { from: 'symtab' } },
      carrier: { why: 'no-kallsyms-all' },
    });
  });
});
