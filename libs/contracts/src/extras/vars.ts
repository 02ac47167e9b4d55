import { z } from 'zod';
import { BYTES, count, type ExtraSpec } from './shapes.ts';

/** Global variables, and what lets a running kernel and its readers find them. */
export const vars = {
  label: 'variables',
  counts: 'variables',
  details: {
    variables: count,
    /** Where it was found: BTF with variables beside the kernel, its DWARF, the uploaded BTF. */
    origin: z.enum(['full', 'dwarf', 'partition']),
  },
  parts: {
    vars: {
      path: ['extras', 'vars'],
      artifact: { name: 'vmlinux.vars.btf', mediaType: BYTES },
      sections: ['.BTF.vars'],
      miss: { code: 'no-vars', what: 'variables' },
    },
    /** What a running kernel may be given of it. */
    ksyms: {
      path: ['ksyms'],
      artifact: { name: 'vmlinux.ksyms.btf', mediaType: BYTES },
      sections: ['.BTF.ksyms'],
      miss: { code: 'no-vars', what: 'ksyms', because: 'carrier' },
    },
    ksymsLayout: { path: ['ksyms', 'layout'], of: 'ksyms' },
    symbols: { path: ['symbols'], internal: true },
    /** Of a kernel that has no ksyms. */
    layout: { path: ['layout'] },
  },
} as const satisfies ExtraSpec;
