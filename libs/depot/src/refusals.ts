import { FormatError } from '@btf-depot/bytes';
import { isProblemCode, type ProblemCode } from '@btf-depot/contracts';
import { DepotError } from './errors.ts';

/**
 * Runs `read`, and says of input that breaks its format which part of the upload that was. Codes
 * of the format libraries are finer than a client needs; the detail keeps them.
 */
export function refusing<Result>(part: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new DepotError(problemCode(error.code), `${part}: ${error.message} (${error.code})`, {
      cause: error,
    });
  }
}

function problemCode(code: string): ProblemCode {
  if (isProblemCode(code)) return code;
  if (code.startsWith('btf-')) return 'bad-btf';
  return code.startsWith('dwarf-') ? 'bad-dwarf' : 'bad-elf';
}
