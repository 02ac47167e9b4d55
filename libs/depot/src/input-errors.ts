import { FormatError } from '@btf-depot/bytes';
import { isProblemCode, type ProblemCode } from '@btf-depot/contracts';
import { isWrapping } from '@btf-depot/unpack';
import { DepotError } from './errors.ts';

/**
 * Runs `read`, and adds the part of the upload to errors about malformed input. Codes of the format
 * libraries are finer than clients need; the detail keeps them.
 */
export function refusing<Result>(part: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    throw asDepotError(part, error);
  }
}

/** The error to throw instead of a format library's; any other error stays as it is. */
export function asDepotError(part: string, error: unknown): unknown {
  return error instanceof FormatError ? refusalOf(part, error) : error;
}

/** What a client is told of a format library's error. */
export function refusalOf(part: string, error: FormatError): DepotError {
  return new DepotError(problemCode(error.code), `${part}: ${error.message} (${error.code})`, {
    cause: error,
  });
}

/** Codes that are more specific than "malformed". */
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
