import { z } from 'zod';
import { sha256Schema } from '../build-id.ts';
import type { ProblemCode } from '../problem.ts';

export const count = z.number().int().nonnegative();

/** Bytes in the store. */
export const blobShape = { sha256: sha256Schema, size: count };

/** Origin of a stored part; parts that are older than the record of owners lack both. */
export const broughtShape = {
  /** The principal that sent it. */
  by: z.string().exactOptional(),
  /** Somebody other than the kernel's owner sent it, or the kernel has no owner. */
  claimed: z.literal(true).exactOptional(),
};

/** A part of any bytes. */
export const storedPart = <Details extends z.ZodRawShape>(details: Details) =>
  z.looseObject({ ...blobShape, ...broughtShape, ...details });

/** A part that is split BTF on core. */
export const splitPart = <Details extends z.ZodRawShape>(details: Details) =>
  storedPart({
    types: count,
    /** For DWARF: the number of entries, and what became of them, by rule, class or reason. */
    coverage: z.looseObject({}).exactOptional(),
    /** SHA-256 of the core that is its base. */
    baseSha256: sha256Schema,
    ...details,
  });

/** A file that belongs to a part, and has the part's marks. */
export const companion = z.looseObject(blobShape);

/** Something stored of a kernel: one blob. */
export interface PartSpec {
  /** Its fields in the record, under its name in `parts`. */
  schema?: z.ZodObject;
  /** Instead: it is in this field of another part, and shares that part's owner and claim. */
  of?: readonly [part: string, field: string];
  /** The file with its bytes. */
  artifact?: { name: string; mediaType: string };
  /** Its ELF sections for debuginfod's clients. */
  sections?: readonly string[];
  /** The answer to requests if the kernel has none. */
  miss?: {
    code: ProblemCode;
    /** The noun for people. */
    what: string;
    /** The reason is in the record's carrier. */
    because?: 'carrier';
  };
  /** Only ingest reads it: no artifact and no answer changes with it. */
  internal?: true;
}

/** An optional part of a kernel: split BTF on core, and its companions. */
export interface ExtraSpec {
  /** The noun for people. */
  label: string;
  /** The field of the record with its amount, which is also the noun for it. */
  counts: string;
  /** By name: first the extra itself, under its own name, then its companions. */
  parts: Readonly<Record<string, PartSpec>>;
}

export const BYTES = 'application/octet-stream';
export const TEXT = 'text/plain; charset=utf-8';
