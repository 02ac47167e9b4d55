import { z } from 'zod';
import { buildIdSchema } from '../build-id.ts';

const count = z.number().int().nonnegative();
const hex = z.string().regex(/^0x[0-9a-f]{1,16}$/);

/** Names of inlined functions in requests; no kernel has longer ones. */
export const functionNameSchema = z.string().regex(/^[A-Za-z_$.][\w$.]{0,511}$/, {
  error: 'a function name has 1 to 512 characters: letters, digits and _ $ .',
});

/** An address of code, as the kernel was linked. */
export const siteAddressSchema = z.string().regex(/^(0x)?[0-9a-fA-F]{1,16}$/, {
  error: 'an address has 1 to 16 hexadecimal digits, with or without 0x',
});

/** Location of a parameter when a site's first instruction is about to run. */
const locationSchema = z.looseObject({
  /** `frame`: relative to the caller's frame base, whose register is unknown. */
  kind: z.enum(['constant', 'address', 'register', 'frame']),
  /** Bytes of the value. */
  size: count,
  signed: z.boolean(),
  /** The value is in memory at that address. */
  deref: z.boolean(),
  /** DWARF's number. */
  register: z.looseObject({ number: count, name: z.string() }).optional(),
  /** Bytes added to the register or the frame base. */
  offset: z.number().int().optional(),
  /** The constant, decimal; the address as the kernel was linked, hexadecimal. */
  value: z.string().optional(),
});

const parameterSchema = z.looseObject({
  name: z.string(),
  /** As C. */
  type: z.string(),
  /** The location in words; `not available`. */
  where: z.string(),
  /** The same as an argument of a kprobe event, if these can express it. */
  fetch: z.string().optional(),
  location: locationSchema.optional(),
});

/** The beginning of the code of a function that was inlined into another. */
const siteSchema = z.looseObject({
  function: z.string(),
  /** As the kernel was linked. */
  address: hex.optional(),
  section: z.string(),
  /** Bytes from the start of the section. */
  offset: count,
  /**
   * Class of the place, by DWARF's ranges of the call: `inside` one of them; `empty`: all ranges
   * are empty; `outside`: the code is outside them; `unnamed`: DWARF names no entry, and the first
   * range begins there; `unknown`: the depot has no DWARF of it, or read it long ago.
   */
  class: z.string().optional(),
  /** Its memory is freed after boot. */
  init: z.boolean().optional(),
  /** The symbol around it, and the distance from its start in bytes. */
  caller: z.looseObject({ name: z.string(), offset: count }).optional(),
  /** The place in the notation of kprobes. */
  probe: z.string().optional(),
  /** Not all calls are inlined, as far as BTF tells: core has the function, too. */
  standalone: z.boolean().optional(),
  parameters: z.array(parameterSchema),
});

/** Answer of `GET …/inlines`: by section and offset, outer calls first; `next` is the next page. */
export const sitePageSchema = z.looseObject({
  buildId: buildIdSchema,
  sites: z.array(siteSchema),
  next: z.string().optional(),
});

/** Answer of `GET …/inlines/functions`: those with most sites first; `next` is the next page. */
export const functionPageSchema = z.looseObject({
  buildId: buildIdSchema,
  functions: z.array(z.looseObject({ name: z.string(), sites: count })),
  next: z.string().exactOptional(),
});

export type InlineSite = z.infer<typeof siteSchema>;
export type SitePage = z.infer<typeof sitePageSchema>;
export type FunctionPage = z.infer<typeof functionPageSchema>;
export type InlinedFunction = FunctionPage['functions'][number];
