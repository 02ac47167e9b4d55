import { z } from 'zod';
import { BYTES, companion, count, splitPart, TEXT, type ExtraSpec } from './shapes.ts';

/** Calls of functions that were inlined: LOC_PARAM, LOC_PROTO, LOCSEC. */
export const inlines = {
  label: 'inlined calls',
  counts: 'sites',
  parts: {
    inlines: {
      schema: splitPart({
        sites: count,
        /** Found in the kernel's DWARF, or as its build wrote it (`.BTF.inline`). */
        origin: z.enum(['dwarf', 'kernel']),
        /** Addresses of sections and of the functions that the sites stand in, as text. */
        map: companion.exactOptional(),
      }),
      artifact: { name: 'vmlinux.inlines.btf', mediaType: BYTES },
      // The mail thread's name, and upstream's.
      sections: ['.BTF.inlines', '.BTF.inline'],
      miss: { code: 'no-inlines', what: 'inlined calls' },
    },
    inlinesMap: {
      of: ['inlines', 'map'],
      artifact: { name: 'vmlinux.inlines.map', mediaType: TEXT },
      miss: { code: 'no-inlines', what: 'map of inlined calls' },
    },
  },
} as const satisfies ExtraSpec;
