import { bytesSource } from '@btf-depot/bytes';
import { parseBtf } from '@btf-depot/btf';
import { readCarrier } from '@btf-depot/carrier';
import { buildIdOf, inlinedKernel } from '@btf-depot/testing';
import { describe, expect, test } from 'vitest';
import { finish } from '../answer-room.ts';
import { findSection } from '../find-section.ts';
import { mergeRecord } from '../../accept/merge-record.ts';
import { LOCAL_ACTOR } from '../../ownership/ownership.ts';
import { plainArtifacts } from '../../pack/pack-kernel.ts';
import { splitKernel } from '../../split/split-kernel.ts';
import { askSites } from './ask-sites.ts';
import { WORK } from '../../extras/index.ts';
import { openSites } from './site-source.ts';

const buildId = buildIdOf('inlined');
const { vmlinux, core } = inlinedKernel(buildId);
const kernel = bytesSource(vmlinux);
const parts = splitKernel({ kernel }, { extras: ['vars', 'inlines'] });
const { inlines } = parts;
if (!inlines) throw new Error('no inlined calls');

const source = openSites({
  core,
  inlines: inlines.bytes,
  map: inlines.map.bytes,
  arch: 'x86_64',
});

const facts = (ms: number) => ({
  sources: [],
  at: new Date(ms),
  actor: LOCAL_ACTOR,
  evidence: 'kernel' as const,
  bringsCore: true,
});

describe('a kernel with DWARF', () => {
  test('has its inlined calls as an extra, the same with variables and without', () => {
    expect(inlines).toMatchObject({ sites: 3, origin: 'dwarf', coverage: { seen: 3 } });
    expect(splitKernel({ kernel }, { extras: ['inlines'] }).inlines?.bytes).toEqual(inlines.bytes);
    expect(splitKernel({ kernel }, { extras: ['vars'] })).not.toHaveProperty('inlines');
  });

  test('the record, the debuginfod sections under both names, and the carriers have them', () => {
    const record = mergeRecord(undefined, parts, facts(0));
    if (!record) throw new Error('no record');
    const { sha256, map } = inlines;
    expect(record.parts.inlines).toMatchObject({ sha256, sites: 3, map: { sha256: map.sha256 } });
    expect(findSection(record, '.BTF.inlines').sha256).toBe(sha256);
    expect(findSection(record, '.BTF.inline').sha256).toBe(sha256);
    expect(mergeRecord(record, parts, facts(1))).toBeUndefined();

    const packed = plainArtifacts({
      buildId,
      delivery: 'builtin',
      endian: 'little',
      arch: 'x86_64',
      bits: 64,
      revision: 1,
      core,
      inlines: inlines.bytes,
      inlinesMap: map.bytes,
    });
    const sectionsOf = (name: string) => {
      const found = packed.find((one) => one.name === name);
      return found && readCarrier(found.bytes).sections.map((one) => one.name);
    };
    expect(sectionsOf('btf_vmlinux.ko')).toEqual(['.BTF.inlines']);
    expect(sectionsOf('btf_vmlinux_inline.ko')).toEqual(['.BTF.inline']);
    const names = packed.map(({ name }) => name);
    expect(names).toContain('vmlinux.inlines.btf');
    expect(names).toContain('vmlinux.inlines.map');
  });
});

test("what a kernel's own build wrote is passed on unchanged, and stays when DWARF comes", () => {
  const own = inlinedKernel(buildId, { inline: inlines.bytes.slice() });
  const found = splitKernel({ kernel: bytesSource(own.vmlinux) }, { extras: ['inlines'] });
  expect(found.inlines).toMatchObject({ origin: 'kernel', sites: 3, sha256: inlines.sha256 });
  if (!found.inlines) throw new Error('no inlined calls');
  const { entry, isNoWorse } = WORK.inlines;
  const before = entry(found.inlines, found.core.sha256);
  const other = entry({ ...inlines, sites: 4 }, found.core.sha256);
  expect(isNoWorse(other, before, found)).toBe(false);
  expect(isNoWorse(before, other, found)).toBe(true);
});

test('what is no BTF on this core is refused', () => {
  const inline = parseBtf(core).bytes.slice(0, 30);
  const own = inlinedKernel(buildId, { inline });
  expect(() => splitKernel({ kernel: bytesSource(own.vmlinux) }, { extras: ['inlines'] })).toThrow(
    expect.objectContaining({ code: 'bad-btf' }) as Error,
  );
});

describe('questions', () => {
  test('the sites of a function, in pages', () => {
    const first = finish(askSites(source, { function: 'twice', limit: 2, skip: 0 }));
    expect(first.more).toBe(true);
    expect(first.sites[0]).toEqual({
      function: 'twice',
      address: '0xffffffff81000004',
      section: '.text',
      offset: 4,
      init: false,
      probe: 'caller+0x4',
      class: 'empty',
      caller: { name: 'caller', offset: 4 },
      parameters: [
        {
          name: 'n',
          type: 'int',
          where: 'rdi',
          fetch: '%di:s32',
          location: {
            kind: 'register',
            size: 4,
            signed: true,
            deref: false,
            offset: 0,
            register: { number: 5, name: 'rdi' },
          },
        },
        { name: 'm', type: 'long int', where: 'not available' },
      ],
    });
    const rest = finish(askSites(source, { function: 'twice', limit: 2, skip: 2 }));
    expect([rest.sites.length, rest.more]).toEqual([1, false]);
  });

  test('what begins at an address: the outer call first', () => {
    const address = 0xffffffff81000008n;
    const { sites } = finish(askSites(source, { address, limit: 10, skip: 0 }));
    expect(sites.map(({ parameters }) => parameters.map(({ where }) => where))).toEqual([
      ['not available', 'not available'],
      ['not available', 'rdi'],
    ]);
    expect(finish(askSites(source, { address: 9n, limit: 10, skip: 0 }))).toEqual({
      sites: [],
      more: false,
    });
  });

  test('the class of a site is unknown where its map is older, and old readers pass it over', () => {
    const map = Buffer.from(inlines.map.bytes).toString('latin1').split('\n');
    const older = map.filter((line) => !/ (?:inside|empty|outside|unnamed) /.test(line));
    expect(map.length - older.length).toBeGreaterThan(0);
    const bytes = Buffer.from(older.join('\n'));
    const old = openSites({ core, inlines: inlines.bytes, map: bytes, arch: 'x86_64' });
    const question = { function: 'twice', limit: 9, skip: 0 };
    const { sites } = finish(askSites(old, question));
    expect(sites.map((site) => site.class)).toEqual(['unknown', 'unknown', 'unknown']);
    const places = finish(askSites(source, question)).sites.map(({ address }) => address);
    expect(sites.map(({ address }) => address)).toEqual(places);
  });

  test('a near miss names what may have been meant', () => {
    expect(() => finish(askSites(source, { function: 'twise', limit: 1, skip: 0 }))).toThrow(
      expect.objectContaining({
        code: 'unknown-function',
        members: { suggestions: ['twice'] },
      }) as Error,
    );
  });
});
