import { z } from 'zod';
import { BYTES, count, TEXT, type ExtraSpec } from './shapes.ts';

/** Calls of functions that were inlined: LOC_PARAM, LOC_PROTO, LOCSEC. */
export const inlines = {
  label: 'inlined calls',
  counts: 'sites',
  details: {
    sites: count,
    /** Found in the kernel's DWARF, or as its build wrote it (`.BTF.inline`). */
    origin: z.enum(['dwarf', 'kernel']),
  },
  parts: {
    inlines: {
      path: ['inlines'],
      artifact: { name: 'vmlinux.inlines.btf', mediaType: BYTES },
      // The mail thread's name, and upstream's.
      sections: ['.BTF.inlines', '.BTF.inline'],
      miss: { code: 'no-inlines', what: 'inlined calls' },
    },
    inlinesMap: {
      path: ['inlines', 'map'],
      of: 'inlines',
      artifact: { name: 'vmlinux.inlines.map', mediaType: TEXT },
      miss: { code: 'no-inlines', what: 'map of inlined calls' },
    },
  },
} as const satisfies ExtraSpec;
