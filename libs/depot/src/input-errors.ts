import { FormatError } from '@btf-depot/bytes';
import { isProblemCode, type ProblemCode } from '@btf-depot/contracts';
import { isWrapping } from '@btf-depot/unpack';
import { DepotError } from './errors.ts';

/**
 * Runs `read`, and says of input that breaks its format which part of the upload that was. Codes
 * of the format libraries are finer than a client needs; the detail keeps them.
 */
export function refusing<Result>(part: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    throw asDepotError(part, error);
  }
}

/** What to throw instead of an error of a format library; any other error is as it was. */
export function asDepotError(part: string, error: unknown): unknown {
  if (!(error instanceof FormatError)) return error;
  return new DepotError(problemCode(error.code), `${part}: ${error.message} (${error.code})`, {
    cause: error,
  });
}

/** Codes that say more than that a file is malformed. */
const FINER: Readonly<Record<string, ProblemCode>> = {
  'unpack-nothing': 'unsupported-media',
  'carrier-module': 'foreign-module',
  'symbols-foreign': 'foreign-map',
  'inlines-map': 'bad-map',
};

function problemCode(code: string): ProblemCode {
  if (isProblemCode(code)) return code;
  const finer = FINER[code];
  if (finer) return finer;
  if (code.startsWith('symbols-')) return 'bad-map';
  if (isWrapping(code)) return code.endsWith('-limit') ? 'too-large' : 'bad-archive';
  if (code.startsWith('btf-')) return 'bad-btf';
  return code.startsWith('dwarf-') ? 'bad-dwarf' : 'bad-elf';
}
