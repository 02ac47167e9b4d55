import { z } from 'zod';
import { BYTES, companion, count, splitPart, storedPart, type ExtraSpec } from './shapes.ts';

/** Global variables, and what lets a running kernel and its readers find them. */
export const vars = {
  label: 'variables',
  counts: 'variables',
  parts: {
    vars: {
      schema: splitPart({
        variables: count,
        /** Where it was found: BTF with variables beside the kernel, its DWARF, the uploaded BTF. */
        origin: z.enum(['full', 'dwarf', 'partition']),
      }),
      artifact: { name: 'vmlinux.vars.btf', mediaType: BYTES },
      sections: ['.BTF.vars'],
      miss: { code: 'no-vars', what: 'variables' },
    },
    /** What a running kernel may be given of it, as split BTF on core. */
    ksyms: {
      schema: storedPart({
        types: count,
        variables: count,
        /** Variables that are left out, by the reason (KSYM_REASONS in libs/extras). */
        leftOut: z.record(z.string(), count),
        /** Where all variables lie in the image, and why some are left out; older records lack it. */
        layout: companion.exactOptional(),
        /** What the symbols are known from, as in `symbols`; older records lack it. */
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
        /** For readers of version 0.1, which know no other: `symtab` stands for kallsyms too. */
        origin: z.enum(['symtab', 'map']),
        /** `kallsyms`, `symtab`: the kernel itself; `map`: a System.map, which is a claim. */
        from: z.string().exactOptional(),
        /** CONFIG_KALLSYMS_ALL is off: the kernel finds no variable by its name. */
        hidesVariables: z.literal(true).exactOptional(),
      }),
      internal: true,
    },
    /** Where variables lie, of a kernel that has no ksyms because it finds none by name. */
    layout: {
      schema: storedPart({
        /** As in `symbols`. */
        from: z.string(),
      }),
    },
  },
} as const satisfies ExtraSpec;
