import { z } from 'zod';
import type { ProblemCode } from '../problem.ts';

/** Something stored of a kernel: one blob. */
export interface PartSpec {
  /** Where the record has it. */
  path: readonly [string, ...string[]];
  /** The part whose owner, and whose claim, is this one's too; absent: it has marks of its own. */
  of?: string;
  /** The file that publishes it. */
  artifact?: { name: string; mediaType: string };
  /** The ELF sections as which debuginfod's clients find it. */
  sections?: readonly string[];
  /** What a request for it is told if the kernel has none. */
  miss?: {
    code: ProblemCode;
    /** The noun for people. */
    what: string;
    /** The record's carrier says why there is none. */
    because?: 'carrier';
  };
  /** Only ingest reads it: nothing that is published or answered changes with it. */
  internal?: true;
}

/** A part of a kernel that can be left out: split BTF on core, and what comes with it. */
export interface ExtraSpec {
  /** The noun for people. */
  label: string;
  /** The field of `details` that says how much there is, which is also the noun for that. */
  counts: string;
  /** What the record has of it beside hash, size, types, coverage and the base's hash. */
  details: z.ZodRawShape;
  /** By their names: first the extra itself, under its own name, then its companions. */
  parts: Readonly<Record<string, PartSpec>>;
}

export const BYTES = 'application/octet-stream';
export const TEXT = 'text/plain; charset=utf-8';

export const count = z.number().int().nonnegative();
