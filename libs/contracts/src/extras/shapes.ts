import { z } from 'zod';
import { sha256Schema } from '../build-id.ts';
import type { ProblemCode } from '../problem.ts';

export const count = z.number().int().nonnegative();

/** Bytes in the store. */
export const blobShape = { sha256: sha256Schema, size: count };

/** Of a stored part; parts that were stored before owners were recorded lack both. */
export const broughtShape = {
  /** The principal that brought it. */
  by: z.string().exactOptional(),
  /** It was not brought by the kernel's owner, or the kernel has none. */
  claimed: z.literal(true).exactOptional(),
};

/** A part that is any bytes. */
export const storedPart = <Details extends z.ZodRawShape>(details: Details) =>
  z.looseObject({ ...blobShape, ...broughtShape, ...details });

/** A part that is split BTF on core. */
export const splitPart = <Details extends z.ZodRawShape>(details: Details) =>
  storedPart({
    types: count,
    /** Of DWARF: how many entries it has, and what became of them, by rule, class or reason. */
    coverage: z.looseObject({}).exactOptional(),
    /** SHA-256 of the core that this split BTF stands on. */
    baseSha256: sha256Schema,
    ...details,
  });

/** A file that goes with a part, and has its marks. */
export const companion = z.looseObject(blobShape);

/** Something stored of a kernel: one blob. */
export interface PartSpec {
  /** What the record has of it, under its name in `parts`. */
  schema?: z.ZodObject;
  /** Instead: it lies in this field of another part, whose owner and claim are its own too. */
  of?: readonly [part: string, field: string];
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
  /** The field of the record that says how much there is, which is also the noun for that. */
  counts: string;
  /** By their names: first the extra itself, under its own name, then its companions. */
  parts: Readonly<Record<string, PartSpec>>;
}

export const BYTES = 'application/octet-stream';
export const TEXT = 'text/plain; charset=utf-8';
