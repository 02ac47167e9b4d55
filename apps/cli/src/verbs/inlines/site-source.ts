import { readFileSync } from 'node:fs';
import { parseBtf } from '@btf-depot/btf';
import type { DepotClient } from '@btf-depot/client';
import type { InlinedFunction, InlineSite } from '@btf-depot/contracts';
import {
  askSites,
  finish,
  inlinesOfKernel,
  listFunctions,
  openSites,
  recognise,
  type SiteSource,
} from '@btf-depot/depot';
import { readElf } from '@btf-depot/elf';
import { hasDwarf } from '@btf-depot/extras';
import { readBtf, readSections } from '../../files/btf-file.ts';
import { withUnpackedSource } from '../../files/unpacked-source.ts';
import { UsageError } from '../../options/usage-error.ts';

export type AskedSites = { function: string } | { address: string };

/** Inlined calls of one kernel, from a depot or a file. */
export interface InlinedCalls {
  sites(asked: AskedSites): AsyncIterable<InlineSite>;
  /**
   * The inlined functions, those with most sites first.
   * @param pattern with * for any characters and ? for one.
   */
  functions(pattern: string): AsyncIterable<InlinedFunction>;
}

export function depotSites(client: DepotClient, buildId: string): InlinedCalls {
  return {
    sites: (asked) => client.inlineSites(buildId, asked),
    functions: (pattern) => client.inlinedFunctions(buildId, pattern),
  };
}

export interface SiteFiles {
  /** The base of a file that is only BTF. */
  base?: string;
  /** Its map. */
  map?: string;
}

/**
 * Reads a vmlinux, from its DWARF or its own BTF of inlined calls, or a file with only that BTF.
 */
export async function fileSites(path: string, files: SiteFiles): Promise<InlinedCalls> {
  const { base, map } = files;
  const source = await (base === undefined ? ofKernel(path) : ofBtf(path, base, map));
  return {
    async *functions(match) {
      const all = { prefix: '', match, limit: Infinity, skip: 0 };
      yield* await Promise.resolve(finish(listFunctions(source, all)).functions);
    },
    async *sites(asked) {
      const question =
        'function' in asked ? asked : { address: BigInt(`0x${asked.address.replace(/^0x/, '')}`) };
      yield* await Promise.resolve(
        finish(askSites(source, { ...question, limit: Infinity, skip: 0 })).sites,
      );
    },
  };
}

async function ofKernel(path: string): Promise<SiteSource> {
  return withUnpackedSource(path, ({ source }) => {
    if (recognise(source) === 'btf') {
      throw new UsageError(`${path} is split BTF; name its base with -B FILE`);
    }
    const elf = readElf(source);
    const core = elf.filled('.BTF');
    if (!core) throw new Error(`${path} has no .BTF section, the base of inlined calls`);
    const bytes = elf.bytes(core);
    const part = inlinesOfKernel(elf, parseBtf(bytes), hasDwarf(elf) ? source : undefined);
    if (!part) throw new Error(`${path} has neither .debug_info nor .BTF.inline`);
    return openSites({ core: bytes, inlines: part.bytes, map: part.map.bytes, arch: elf.arch });
  });
}

async function ofBtf(path: string, base: string, map: string | undefined): Promise<SiteSource> {
  const arch = (await archOf(path)) ?? (await archOf(base));
  return openSites({
    core: await readBtf(base),
    inlines: await readInlines(path),
    arch,
    map: map === undefined ? undefined : readFileSync(map),
  });
}

/** The architecture of the registers: a carrier and a vmlinux state it, bare BTF does not. */
function archOf(path: string): Promise<string | undefined> {
  return withUnpackedSource(path, ({ source, image }) =>
    recognise(source) === 'btf' ? image?.arch : readElf(source).arch,
  );
}

/** A file of only that BTF, or the section of a carrier. */
async function readInlines(path: string): Promise<Uint8Array> {
  const found = await readSections(path);
  const names = ['.BTF.inlines', '.BTF.inline', '.BTF'];
  const one = names.flatMap((name) => found.find((section) => section.name === name) ?? [])[0];
  if (!one) throw new Error(`${path} has no BTF of inlined calls`);
  return one.bytes;
}
