// libbpf 1.7.0 (commit f5dcbae736e5) judges: btf__parse_split, btf__distill_base and btf__relocate
// give the same bytes for the same files, or refuse.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  compileOnLibbpf,
  pahole,
  providedEmptyModules,
  unpackModules,
  type HeadersName,
  type KernelName,
} from '@btf-depot/kernels';
import { FormatError } from '@btf-depot/bytes';
import { describeWithKernels } from '@btf-depot/kernels/testing';
import { testFolder } from '@btf-depot/testing/folders';
import { beforeAll, expect, it } from 'vitest';
import {
  distillBtf,
  findBtf,
  Kind,
  parseBtf,
  relocateBtf,
  unrelocated,
  verifyBtf,
  type Btf,
} from '../../index.ts';
import { Random } from '../../testing/index.ts';

const folder = testFolder({ atOnce: true });
const program = join(folder, 'by-libbpf');
const source = join(import.meta.dirname, '../../testing/distilled.c');

/** One of so many modules is used. */
const EVERY = 40;
const MUTANTS = 50;

function write(name: string, bytes: Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, bytes);
  return file;
}

/** btf__distill_base's result for a BTF that is split from the core in `coreFile`. */
function theirDistilled(coreFile: string, split: Uint8Array) {
  const files = ['theirs.base', 'theirs.split'].map((name) => join(folder, name));
  execFileSync(program, ['distill', coreFile, write('split', split), ...files]);
  const [base, above] = files.map((file) => readFileSync(file));
  return { base, split: above };
}

/** btf__relocate's result; undefined: it refuses, with the reason. */
function theirRelocated(base: Uint8Array, split: Uint8Array, coreFile: string) {
  const output = join(folder, 'theirs.relocated');
  const files = [write('distilled.base', base), write('distilled.split', split), coreFile, output];
  const { status, stderr } = spawnSync(program, ['relocate', ...files], { encoding: 'utf8' });
  expect([0, 1, 2], stderr).toContain(status);
  return { bytes: status === 0 ? readFileSync(output) : undefined, says: stderr };
}

function ourRelocated(base: Uint8Array, split: Uint8Array, core: Btf): Uint8Array | undefined {
  try {
    return relocateBtf(parseBtf(split, { base: parseBtf(base) }), core);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return undefined;
  }
}

function expectEqual(
  ours: Uint8Array | undefined,
  theirs: Uint8Array | undefined,
  says?: string,
): void {
  expect(ours === undefined, says).toBe(theirs === undefined);
  if (ours && theirs) expect(Buffer.compare(ours, theirs)).toBe(0);
}

const CASES: readonly (readonly [KernelName, HeadersName])[] = [
  ['K612', '6.12'],
  ['K72', '7.2'],
];

for (const [name, version] of CASES) {
  describeWithKernels([name], `modules of ${name}, by libbpf 1.7`, (kernels) => {
    const kernel = kernels[name];
    const core = parseBtf(readFileSync(kernel.coreBtf));
    const modules: Btf[] = [];

    beforeAll(async () => {
      await compileOnLibbpf(source, program);
      for (const file of unpackModules(kernel, join(folder, name), EVERY)) {
        const own = findBtf(readFileSync(file)).find(({ name: section }) => section === '.BTF');
        if (own) modules.push(parseBtf(own.bytes, { base: core }));
      }
    });

    it('are distilled to the same bytes, and relocate back to the same', () => {
      expect(modules.length).toBeGreaterThan(20);
      for (const module of modules) {
        const ours = distillBtf(module);
        const theirs = theirDistilled(kernel.coreBtf, module.bytes);
        expectEqual(ours.base, theirs.base);
        expectEqual(ours.split, theirs.split);
        expect(verifyBtf(ours.split, { base: parseBtf(ours.base), checks: 'load' })).toEqual([]);
        const back = ourRelocated(ours.base, ours.split, core);
        const { bytes, says } = theirRelocated(ours.base, ours.split, kernel.coreBtf);
        expectEqual(back, bytes, says);
      }
    });

    it('changed in names, sizes and kinds are taken or refused alike, and all faults are listed', () => {
      const random = new Random(24);
      const seen = { taken: 0, refused: 0 };
      for (let mutant = 0; mutant < MUTANTS; mutant++) {
        const { base, split } = distillBtf(random.pick(modules));
        const [below, ofCore] = [Buffer.from(base), mutant % 5 === 4];
        const other = ofCore ? Buffer.from(core.bytes) : undefined;
        const distilled = parseBtf(base);
        for (let times = 1 + random.next(3); times > 0; times--) {
          const id = 1 + random.next(distilled.typeCount);
          if (!other) change(below, distilled, id, random);
          else {
            const [match] = core.findAll(distilled.name(id));
            change(other, core, match, random);
          }
        }
        const coreFile = other ? write('core', other) : kernel.coreBtf;
        const target = other ? parseBtf(other) : core;
        const theirs = theirRelocated(below, split, coreFile);
        expectEqual(ourRelocated(below, split, target), theirs.bytes, theirs.says);
        seen[theirs.bytes ? 'taken' : 'refused']++;
        expectListed(theirs.says, below, split, target);
      }
      expect(seen.taken).toBeGreaterThan(0);
      expect(seen.refused).toBeGreaterThan(0);
    });

    it('that pahole encoded with a distilled base are distilled and relocated as libbpf does', async (context) => {
      const found = await providedEmptyModules(version);
      if ('absent' in found) return context.skip(found.absent);
      const [plain, distilled] = await Promise.all(
        ['default', 'default,distilled_base'].map(async (features, index) => {
          const file = write(`module-${index}.ko`, found.value.usingTypes);
          await pahole(['-J', `--btf_features=${features}`, `--btf_base=${kernel.coreBtf}`, file]);
          return new Map(findBtf(readFileSync(file)).map((one) => [one.name, one.bytes]));
        }),
      );
      const split = parseBtf(plain.get('.BTF') ?? new Uint8Array(), { base: core });
      expect(split.find('holder', Kind.STRUCT)).toBeGreaterThan(core.endId);
      const ours = distillBtf(split);
      const [base, above] = ['.BTF.base', '.BTF'].map((section) => distilled.get(section));
      expectEqual(ours.base, base);
      expectEqual(ours.split, above);
      const theirs = theirRelocated(ours.base, ours.split, kernel.coreBtf);
      expect(theirs.bytes, theirs.says).toBeDefined();
      expectEqual(ourRelocated(ours.base, ours.split, core), theirs.bytes, theirs.says);
    });
  });
}

describeWithKernels(['K612', 'K61', 'K72'], 'modules of K612 on other kernels', (kernels) => {
  beforeAll(() => compileOnLibbpf(source, program));

  it.each(['K61', 'K72'] as const)('%s: what libbpf misses first is in our list', (name) => {
    const core = parseBtf(readFileSync(kernels.K612.coreBtf));
    const target = parseBtf(readFileSync(kernels[name].coreBtf));
    for (const file of unpackModules(kernels.K612, join(folder, `on-${name}`), EVERY)) {
      const own = findBtf(readFileSync(file)).find(({ name: section }) => section === '.BTF');
      if (!own) continue;
      const { base, split } = distillBtf(parseBtf(own.bytes, { base: core }));
      const { bytes, says } = theirRelocated(base, split, kernels[name].coreBtf);
      expectEqual(ourRelocated(base, split, target), bytes, says);
      expectListed(says, base, split, target);
    }
  });
});

/** The type at which libbpf stops is among those that we list. */
function expectListed(says: string, base: Uint8Array, split: Uint8Array, target: Btf): void {
  const named = /type '.*' \[(\d+)\](?:, size \d+ has multiple| is not mapped)/.exec(says);
  if (!named) return;
  const all = unrelocated(parseBtf(split, { base: parseBtf(base) }), target);
  expect(all.map(({ id }) => id)).toContain(Number(named[1]));
}

/** Another name, size or kind for one type, in place. */
function change(bytes: Buffer, btf: Btf, id: number, random: Random): void {
  const at = btf.byteOffset(id);
  const other = 1 + random.next(btf.typeCount);
  switch (random.next(4)) {
    case 0:
      bytes.writeUInt32LE(btf.nameOffset(other), at);
      break;
    case 1:
      bytes.writeUInt32LE((btf.sizeOrType(id) * 2) >>> 0, at + 8);
      break;
    case 2:
      bytes.writeUInt32LE((btf.info(id) ^ 0x80000000) >>> 0, at + 4);
      break;
    default:
      // A struct becomes a union, and a union a struct.
      if (btf.kind(id) === Kind.STRUCT || btf.kind(id) === Kind.UNION) {
        bytes.writeUInt32LE((btf.info(id) ^ 0x01000000) >>> 0, at + 4);
      }
  }
}
