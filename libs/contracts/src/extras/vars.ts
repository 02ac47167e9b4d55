import { z } from 'zod';
import { BYTES, companion, count, splitPart, storedPart, type ExtraSpec } from './shapes.ts';

/** Global variables, and the data that running kernels and readers need to find them. */
export const vars = {
  label: 'variables',
  counts: 'variables',
  parts: {
    vars: {
      schema: splitPart({
        variables: count,
        /** Its source: BTF with variables beside the kernel, DWARF, or the uploaded BTF. */
        origin: z.enum(['full', 'dwarf', 'partition']),
      }),
      artifact: { name: 'vmlinux.vars.btf', mediaType: BYTES },
      sections: ['.BTF.vars'],
      miss: { code: 'no-vars', what: 'variables' },
    },
    /** The variables that a running kernel may be given, as split BTF on core. */
    ksyms: {
      schema: storedPart({
        types: count,
        variables: count,
        /** Numbers of left-out variables by reason (`KsymReason` of libs/extras). */
        leftOut: z.record(z.string(), count),
        /**
         * Addresses of all variables in the image, and why some are left out; older records lack
         * it.
         */
        layout: companion.exactOptional(),
        /** Source of the symbols, as in `symbols`; older records lack it. */
        from: z.string().exactOptional(),
      }),
      artifact: { name: 'vmlinux.ksyms.btf', mediaType: BYTES },
      sections: ['.BTF.ksyms'],
      miss: { code: 'no-vars', what: 'ksyms', because: 'carrier' },
    },
    ksymsLayout: { of: ['ksyms', 'layout'] },
    /** Symbols of the kernel, as `nm -S` in zstd: for variables that come later. */
    symbols: {
      schema: storedPart({
        /** For readers of version 0.1, which have no other: `symtab` stands for kallsyms too. */
        origin: z.enum(['symtab', 'map']),
        /** `kallsyms`, `symtab`: the kernel itself; `map`: a System.map, which is a claim. */
        from: z.string().exactOptional(),
        /** CONFIG_KALLSYMS_ALL is off: the kernel finds no variable by its name. */
        hidesVariables: z.literal(true).exactOptional(),
      }),
      internal: true,
    },
    /** Addresses of variables, for a kernel without ksyms because it finds no variable by name. */
    layout: {
      schema: storedPart({
        /** As in `symbols`. */
        from: z.string(),
      }),
    },
  },
} as const satisfies ExtraSpec;
