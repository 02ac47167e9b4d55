import { readFileSync } from 'node:fs';
import { parseBtf } from '@btf-depot/btf';
import type { DepotClient } from '@btf-depot/client';
import type { InlineSite } from '@btf-depot/contracts';
import { askSites, inlinesPart, openSites, ownInlines, type SiteSource } from '@btf-depot/depot';
import { readElf } from '@btf-depot/elf';
import { openFileSource } from '@btf-depot/service-kit';
import { readBtf } from './btf-file.ts';

export type AskedSites = { function: string } | { address: string };

/** Inlined calls of one kernel, from a depot or a file. */
export interface InlinedCalls {
  sites(asked: AskedSites): AsyncIterable<InlineSite>;
  /** Names of the functions that are inlined; absent where that cannot be asked. */
  functions?: () => readonly string[];
}

export function depotSites(client: DepotClient, buildId: string): InlinedCalls {
  return { sites: (asked) => client.inlineSites(buildId, asked) };
}

export interface SiteFiles {
  /** What the BTF of a file by itself stands on. */
  base?: string;
  /** The map that goes with it. */
  map?: string;
}

/** Those of a vmlinux, from its DWARF or its own BTF of them; or of a file with just that BTF. */
export function fileSites(path: string, files: SiteFiles): InlinedCalls {
  const source = files.base === undefined ? ofKernel(path) : ofBtf(path, files.base, files.map);
  return {
    functions: () => source.table.names,
    async *sites(asked) {
      const question =
        'function' in asked ? asked : { address: BigInt(`0x${asked.address.replace(/^0x/, '')}`) };
      yield* await Promise.resolve(
        askSites(source, { ...question, limit: Infinity, skip: 0 }).sites,
      );
    },
  };
}

function ofKernel(path: string): SiteSource {
  using file = openFileSource(path);
  const elf = readElf(file);
  const core = readBtf(path);
  const dwarf = elf.section('.debug_info') ? { dwarf: file } : {};
  const own = ownInlines(elf);
  const part = inlinesPart({ elf, core: parseBtf(core), ...(own && { own }), ...dwarf });
  if (!part) throw new Error(`${path} has neither .debug_info nor .BTF.inline`);
  return openSites({ core, inlines: part.bytes, map: part.map.bytes, arch: elf.arch });
}

function ofBtf(path: string, base: string, map: string | undefined): SiteSource {
  return openSites({
    core: readBtf(base),
    inlines: readInlines(path),
    ...(map !== undefined && { map: readFileSync(map) }),
  });
}

/** A file with nothing else, or the section of a carrier. */
function readInlines(path: string): Uint8Array {
  for (const section of ['.BTF.inlines', '.BTF.inline']) {
    try {
      return readBtf(path, section);
    } catch {
      // Perhaps under the other name.
    }
  }
  return readBtf(path);
}
