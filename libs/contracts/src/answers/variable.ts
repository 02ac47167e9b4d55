import { z } from 'zod';
import { buildIdSchema } from '../build-id.ts';

const size = z.number().int().nonnegative();

/** Variable names in requests; no kernel has longer ones. */
export const variableNameSchema = z.string().regex(/^[A-Za-z_$.][\w$.]{0,511}$/, {
  error: 'a variable name has 1 to 512 characters: letters, digits and _ $ .',
});

/**
 * Names with * for any characters and ? for one. Regular expressions are refused with an
 * explanation.
 */
export const namePatternSchema = z.string().regex(/^[\w$.*?]{1,128}$/, {
  error:
    'a pattern has 1 to 128 characters: letters, digits, _ $ ., * for any characters, ? for one; ' +
    'regular expressions do not work',
});

/** One variable of a kernel. Section and offset distinguish those of one name. */
const variableSchema = z.looseObject({
  name: z.string(),
  /** ELF section of vmlinux. Absent: the kernel's BTF does not say it. */
  section: z.string().optional(),
  /** Bytes from the start of the section; of a per-CPU variable, in each processor's area. */
  offset: size.optional(),
  /** Bytes. */
  size: size.optional(),
  linkage: z.enum(['static', 'global', 'extern']),
  /** It has an instance for each processor. */
  perCpu: z.boolean(),
  /** The part of the kernel's BTF with its declaration. */
  from: z.enum(['core', 'vars']),
  /** As the image was linked, in hexadecimal. Absent: not known, or per CPU. */
  address: z
    .string()
    .regex(/^0x[0-9a-f]+$/)
    .optional(),
  /** Bytes from `_stext`, whose address a running kernel shows in /proc/kallsyms (KASLR). */
  fromStext: z.number().int().optional(),
  /** Whether it is in the kernel's ksyms, safe for a running kernel. Absent: not known. */
  ksym: z.boolean().optional(),
  /** Why not: KSYM_REASONS in libs/extras. */
  ksymReason: z.string().optional(),
  /** The symbol at its address if its name differs: `__pi_x` of a copy that objcopy renamed. */
  ksymName: z.string().optional(),
  /** As C, without the semicolon. */
  declaration: z.string(),
});

/** With the types that the declaration needs, as C, in an order that compiles. */
const variableWithTypesSchema = variableSchema.extend({ types: z.string() });

/** Answer of `GET …/vars/{name}`: several if static variables share the name. */
export const variableAnswerSchema = z.looseObject({
  buildId: buildIdSchema,
  name: z.string(),
  variables: z.array(variableWithTypesSchema),
  /** The next `page`, if not all fitted. */
  next: z.string().optional(),
});

/** Answer of `GET …/vars`: by name; `next` is the next `page`. */
export const variablePageSchema = z.looseObject({
  buildId: buildIdSchema,
  variables: z.array(variableSchema),
  next: z.string().optional(),
});

/** Names that one request may resolve. */
const MAX_RESOLVED = 1000;

/** Body of `POST …/vars/resolve`. */
export const resolveRequestSchema = z.strictObject({
  names: z.array(variableNameSchema).min(1).max(MAX_RESOLVED),
});

/** Its answer, in the order of the request. */
export const resolveAnswerSchema = z.looseObject({
  buildId: buildIdSchema,
  found: z.array(
    z.looseObject({
      name: z.string(),
      variables: z.array(variableWithTypesSchema),
      /** As in `GET …/vars/{name}`, which continues with it. */
      next: z.string().optional(),
    }),
  ),
  missing: z.array(z.looseObject({ name: z.string(), suggestions: z.array(z.string()) })),
  /** If not all fitted: the number of names in this answer. Ask for the others. */
  next: z.number().int().positive().optional(),
});

export type Variable = z.infer<typeof variableSchema>;
export type VariableWithTypes = z.infer<typeof variableWithTypesSchema>;
export type VariableAnswer = z.infer<typeof variableAnswerSchema>;
export type VariablePage = z.infer<typeof variablePageSchema>;
export type ResolveAnswer = z.infer<typeof resolveAnswerSchema>;

/** The forms of a variable's answer, with the media type of each. */
export const VARIABLE_FORMS = {
  json: 'application/json',
  c: 'text/x-c',
  btf: 'application/octet-stream',
} as const;

export type VariableForm = keyof typeof VARIABLE_FORMS;
