import { z } from 'zod';
import { buildIdSchema } from './build-id.ts';

const count = z.number().int().nonnegative();
const hex = z.string().regex(/^0x[0-9a-f]{1,16}$/);

/** What an inlined function can be asked for by; longer ones are no kernel's. */
export const functionNameSchema = z.string().regex(/^[A-Za-z_$.][\w$.]{0,511}$/, {
  error: 'a function name has 1 to 512 characters: letters, digits and _ $ .',
});

/** An address of code, as the kernel was linked. */
export const siteAddressSchema = z.string().regex(/^(0x)?[0-9a-fA-F]{1,16}$/, {
  error: 'an address has 1 to 16 hexadecimal digits, with or without 0x',
});

/** Where a parameter is when a site's first instruction is about to run. */
const locationSchema = z.looseObject({
  /** `frame`: the frame base of the caller, of which no register is known. */
  kind: z.enum(['constant', 'address', 'register', 'frame']),
  /** Bytes of the value. */
  size: count,
  signed: z.boolean(),
  /** The value lies in memory there. */
  deref: z.boolean(),
  /** By DWARF's number. */
  register: z.looseObject({ number: count, name: z.string() }).optional(),
  /** What is added to the register or the frame base, in bytes. */
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
  /** The same as an argument of a kprobe event, where these can say it. */
  fetch: z.string().optional(),
  location: locationSchema.optional(),
});

/** A place where the code of a function begins that was inlined into another. */
export const siteSchema = z.looseObject({
  function: z.string(),
  /** As the kernel was linked. */
  address: hex.optional(),
  section: z.string(),
  /** Bytes from the start of the section. */
  offset: count,
  /**
   * What kind of place it is, by the ranges that DWARF gives the call: `inside` one of them;
   * `empty`: all are; `outside` them, where the call would be; `unnamed`: DWARF names no entry, and
   * the first range begins there. `unknown`: the depot has no DWARF of it, or read it long ago.
   */
  class: z.string().optional(),
  /** Its memory is freed after boot. */
  init: z.boolean().optional(),
  /** The symbol that it stands in, and the distance from its start in bytes. */
  caller: z.looseObject({ name: z.string(), offset: count }).optional(),
  /** What a kprobe takes for the place. */
  probe: z.string().optional(),
  parameters: z.array(parameterSchema),
});

/** Answer of `GET …/inlines`: by section and offset, outer calls first; `next` goes on. */
export const sitePageSchema = z.looseObject({
  buildId: buildIdSchema,
  sites: z.array(siteSchema),
  next: z.string().optional(),
});

/** Answer of `GET …/inlines/functions`: those with most sites first; `next` goes on. */
export const functionPageSchema = z.looseObject({
  buildId: buildIdSchema,
  functions: z.array(z.looseObject({ name: z.string(), sites: count })),
  next: z.string().exactOptional(),
});

export type InlineSite = z.infer<typeof siteSchema>;
export type SitePage = z.infer<typeof sitePageSchema>;
export type FunctionPage = z.infer<typeof functionPageSchema>;
export type InlinedFunction = FunctionPage['functions'][number];
