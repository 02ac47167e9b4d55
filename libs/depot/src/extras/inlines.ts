import { withoutUndefined, type PartEntries } from '@btf-depot/contracts';
import { inlinesPass, type InlinesFromDwarf } from '@btf-depot/extras';
import { inlinesPart, type InlinesPart } from '../split/inlines-part.ts';
import type { ExtraWork } from './work.ts';

export const inlines: ExtraWork<'inlines', InlinesPart, InlinesFromDwarf> = {
  pass: ({ ofBuild }) => (ofBuild ? undefined : inlinesPass),
  find: ({ elf, parts, ofBuild }, inDwarf) =>
    elf && inlinesPart({ elf, core: parts.base, own: ofBuild, inDwarf }),
  entry: ({ bytes, sha256, types, sites, origin, coverage, map }, baseSha256) =>
    withoutUndefined<PartEntries['inlines']>({
      sha256,
      size: bytes.length,
      types,
      sites,
      origin,
      baseSha256,
      coverage: coverage && { ...coverage },
      map: { sha256: map.sha256, size: map.bytes.length },
    }),
  /** Those that the build wrote, else no fewer than before. */
  isNoWorse: (next, old) =>
    old.origin === next.origin ? next.sites >= old.sites : next.origin === 'kernel',
  pinnedBy: ['btf_vmlinux_inline.ko'],
  stored: {
    inlines: ({ inlines }) => inlines,
    inlinesMap: ({ inlines }) => inlines?.map,
  },
};
