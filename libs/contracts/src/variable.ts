import { z } from 'zod';
import { buildIdSchema } from './build-id.ts';

const size = z.number().int().nonnegative();

/** What can be asked for by name; longer ones are no kernel's. */
export const variableNameSchema = z.string().regex(/^[A-Za-z_$.][\w$.]{0,511}$/, {
  error: 'a variable name has 1 to 512 characters: letters, digits and _ $ .',
});

/** Names with * for any characters and ? for one. A regular expression is none, and told so. */
export const namePatternSchema = z.string().regex(/^[\w$.*?]{1,128}$/, {
  error:
    'a pattern has 1 to 128 characters: letters, digits, _ $ ., * for any characters, ? for one; ' +
    'regular expressions do not work',
});

/** One variable of a kernel. Section and offset tell those of one name apart. */
export const variableSchema = z.looseObject({
  name: z.string(),
  /** ELF section of vmlinux. Absent: the kernel's BTF does not say where the variable lies. */
  section: z.string().optional(),
  /** Bytes from the start of the section; of a per-CPU variable, in each processor's area. */
  offset: size.optional(),
  /** Bytes. */
  size: size.optional(),
  linkage: z.enum(['static', 'global', 'extern']),
  /** Has an instance for each processor. */
  perCpu: z.boolean(),
  /** The part of the kernel's BTF that has it. */
  from: z.enum(['core', 'vars']),
  /** As the image was linked, in hexadecimal. Absent: not known, or per CPU. */
  address: z
    .string()
    .regex(/^0x[0-9a-f]+$/)
    .optional(),
  /** Bytes from `_stext`, whose address a running kernel tells in /proc/kallsyms (KASLR). */
  fromStext: z.number().int().optional(),
  /** Whether a running kernel can be given it: in the kernel's ksyms. Absent: not known. */
  ksym: z.boolean().optional(),
  /** Why not: KSYM_REASONS in libs/extras. */
  ksymReason: z.string().optional(),
  /** The symbol at its place, which has another name: `__pi_x` of a copy that objcopy renamed. */
  ksymName: z.string().optional(),
  /** As C, without the semicolon. */
  declaration: z.string(),
});

/** With the types that the declaration needs, as C, in an order that compiles. */
export const variableWithTypesSchema = variableSchema.extend({ types: z.string() });

/** Answer of `GET …/vars/{name}`: several where static variables share the name. */
export const variableAnswerSchema = z.looseObject({
  buildId: buildIdSchema,
  name: z.string(),
  variables: z.array(variableWithTypesSchema),
  /** There was no room for all: the `page` that goes on. */
  next: z.string().optional(),
});

/** Answer of `GET …/vars`: by name; `next` is the `page` that goes on. */
export const variablePageSchema = z.looseObject({
  buildId: buildIdSchema,
  variables: z.array(variableSchema),
  next: z.string().optional(),
});

/** Names that one request may resolve. */
export const MAX_RESOLVED = 1000;

/** Body of `POST …/vars/resolve`. */
export const resolveRequestSchema = z.strictObject({
  names: z.array(variableNameSchema).min(1).max(MAX_RESOLVED),
});

/** Its answer, in the order that was asked for. */
export const resolveAnswerSchema = z.looseObject({
  buildId: buildIdSchema,
  found: z.array(
    z.looseObject({
      name: z.string(),
      variables: z.array(variableWithTypesSchema),
      /** As of `GET …/vars/{name}`, which goes on with it. */
      next: z.string().optional(),
    }),
  ),
  missing: z.array(z.looseObject({ name: z.string(), suggestions: z.array(z.string()) })),
  /** There was no room for all: how many of the names this is about. Ask for the others. */
  next: z.number().int().positive().optional(),
});

export type Variable = z.infer<typeof variableSchema>;
export type VariableWithTypes = z.infer<typeof variableWithTypesSchema>;
export type VariableAnswer = z.infer<typeof variableAnswerSchema>;
export type VariablePage = z.infer<typeof variablePageSchema>;
export type ResolveAnswer = z.infer<typeof resolveAnswerSchema>;

/** The forms that a variable is answered in, with the media type of each. */
export const VARIABLE_FORMS = {
  json: 'application/json',
  c: 'text/x-c',
  btf: 'application/octet-stream',
} as const;

export type VariableForm = keyof typeof VARIABLE_FORMS;
