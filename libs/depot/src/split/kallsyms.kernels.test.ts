import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { bytesSource, checkRange, chunksOf, type Source } from '@btf-depot/bytes';
import { decompress } from '@btf-depot/codec';
import { readElf } from '@btf-depot/elf';
import { parseBtf } from '@btf-depot/btf';
import {
  attachVariables,
  elfImage,
  elfKallsyms,
  hasVariables,
  imageKallsyms,
  ksyms,
  ownSymbols,
  ownSymbolsOfImage,
  type Kallsyms,
} from '@btf-depot/extras';
import type { KernelName } from '@btf-depot/kernels';
import { describeWithKernels } from '@btf-depot/kernels/testing';
import { unpack } from '@btf-depot/unpack';
import { afterAll, expect, it } from 'vitest';

const opened: number[] = [];
afterAll(() => opened.forEach(closeSync));

function fileSource(path: string): Source {
  const fd = openSync(path, 'r');
  opened.push(fd);
  const { size } = fstatSync(fd);
  return {
    size,
    read(offset, length) {
      checkRange(size, offset, length);
      const bytes = new Uint8Array(length);
      readSync(fd, bytes, 0, length, offset);
      return bytes;
    },
  };
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Source> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk.slice());
  return bytesSource(Buffer.concat(all));
}

/** The first magic is in the code that looks for one. */
const XZ = Buffer.from('fd377a585a0000', 'hex');

/** What is inside a vmlinuz, also where it has no BTF and `unpack` has no use for it. */
async function unpacked(vmlinuz: string, hasBtf: boolean): Promise<Source> {
  const bytes = readFileSync(vmlinuz);
  if (hasBtf) return (await unpack(bytesSource(bytes), collect)).files[0].source;
  const offset = bytes.lastIndexOf(XZ);
  const packed = chunksOf(bytesSource(bytes), { offset, length: bytes.length - offset });
  return collect(decompress('xz', packed, { limit: 2 ** 28, trailing: 'ignore' }));
}

function kallsymsOf(kernel: Source): Kallsyms | undefined {
  return isElf(kernel) ? elfKallsyms(readElf(kernel)) : imageKallsyms(kernel);
}

/** Pairs of address and name, with how often each is there. */
function pairsOf(pairs: Iterable<readonly [bigint, string]>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [address, name] of pairs) {
    const pair = `${address.toString(16)} ${name}`;
    counts.set(pair, (counts.get(pair) ?? 0) + 1);
  }
  return counts;
}

function compare(found: Kallsyms, systemMap: string, shift: bigint) {
  const lines = readFileSync(systemMap, 'latin1')
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' '));
  const listed = pairsOf(lines.map(([address, , name]) => [BigInt(`0x${address}`), name]));
  const own = pairsOf(found.names.map((name, at) => [found.addresses[at] + shift, name]));
  let equal = 0;
  let extra = 0;
  for (const [pair, count] of own) {
    const both = Math.min(count, listed.get(pair) ?? 0);
    equal += both;
    extra += count - both;
  }
  const onlyInMap = lines.filter(
    ([address, , name]) => !own.has(`${BigInt(`0x${address}`).toString(16)} ${name}`),
  );
  return { equal, extra, missing: lines.length - equal, onlyInMap };
}

function isElf(kernel: Source): boolean {
  return kernel.read(0, 1)[0] === 0x7f;
}

interface Expected {
  readonly form: Kallsyms['form'];
  readonly equal: number;
  readonly missing: number;
  /** CONFIG_KALLSYMS_ALL. */
  readonly variables: boolean;
  readonly hasBtf?: false;
  /** The word of its base is relocated by the boot code, which is not in what comes out. */
  readonly unlinked?: true;
}

const expected: Record<KernelName, Expected> = {
  K612: { form: 'absolute-percpu', equal: 154_686, missing: 5, variables: true },
  K61: { form: 'absolute-percpu', equal: 94_266, missing: 14, variables: true },
  K612rt: { form: 'absolute-percpu', equal: 162_758, missing: 5, variables: true },
  K612arm64: { form: 'base-relative', equal: 151_594, missing: 7, variables: true },
  K61arm64: { form: 'base-relative', equal: 50_218, missing: 64_857, variables: false },
  K72: { form: 'place-relative', equal: 186_798, missing: 4, variables: true },
  K61armhf: {
    form: 'base-relative',
    equal: 45_665,
    missing: 61_438,
    variables: false,
    hasBtf: false,
  },
  K61s390x: {
    form: 'base-relative',
    equal: 34_724,
    missing: 32_351,
    variables: false,
    hasBtf: false,
    unlinked: true,
  },
};

for (const [name, one] of Object.entries(expected) as [KernelName, Expected][]) {
  describeWithKernels([name], `the symbols inside ${name}`, (kernels) => {
    const { vmlinux, vmlinuz, systemMap } = kernels[name];
    const { equal, missing, variables, form } = one;

    it.each(['vmlinux', 'vmlinuz'] as const)('are those of its System.map: %s', async (file) => {
      const isVmlinux = file === 'vmlinux';
      const source = isVmlinux
        ? fileSource(vmlinux)
        : await unpacked(vmlinuz, one.hasBtf !== false);
      const found = kallsymsOf(source);
      if (!found) throw new Error(`${file} has no kallsyms`);
      const shift = !isVmlinux && one.unlinked ? 0x100000n : 0n;
      const { onlyInMap, ...counts } = compare(found, systemMap, shift);
      expect({ form: found.form, ...counts }).toEqual({ form, equal, extra: 0, missing });
      expect(hasVariables(found)).toBe(variables);
      // What kallsyms.c leaves out: absolute symbols, and its own tables.
      const others = onlyInMap.filter(
        ([, type, symbol]) => type !== 'A' && !symbol.startsWith('kallsyms_'),
      );
      if (variables) expect(others).toEqual([]);
    });

    it.skipIf(one.hasBtf === false)('give its ksyms, from its image alone', async () => {
      const { coreBtf, fullBtf } = kernels[name];
      const core = parseBtf(readFileSync(coreBtf));
      const full = parseBtf(readFileSync(fullBtf));
      const vars = parseBtf(attachVariables(core, full).bytes, { base: core });
      const elf = readElf(fileSource(vmlinux));
      const image = await unpacked(vmlinuz, true);
      const alone = isElf(image) ? ownSymbols(readElf(image)) : ownSymbolsOfImage(image, 'aarch64');
      const bySymtab = ksyms(vars, { ...elfImage(elf), hidesVariables: !variables });
      const byVmlinux = ksyms(vars, ownSymbols(elf));
      if (variables) expect(byVmlinux?.ksyms.variables).toBeGreaterThan(15_000);
      else expect(byVmlinux?.ksyms.variables).toBe(0);
      expect(byVmlinux?.leftOut).toEqual(bySymtab?.leftOut);
      expect(byVmlinux?.ksyms.bytes).toEqual(bySymtab?.ksyms.bytes);
      expect(alone.hidesVariables).toBe(!variables);
      if (!variables) return;
      const byImage = ksyms(vars, alone);
      // Without section headers, the reason may be another one.
      if (isElf(image)) expect(byImage?.leftOut).toEqual(bySymtab?.leftOut);
      expect(byImage?.ksyms.variables).toBe(bySymtab?.ksyms.variables);
      expect(byImage?.ksyms.bytes).toEqual(bySymtab?.ksyms.bytes);
    });
  });
}
