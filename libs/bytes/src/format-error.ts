/** Place of a fault in the input: the section or part, and the byte offset in it. */
export interface Where {
  readonly section?: string;
  readonly offset?: number;
}

/** `.BTF+0x1c` for a section and an offset; an empty string if neither is known. */
export function formatWhere({ section, offset }: Where): string {
  if (offset === undefined) return section ?? '';
  return `${section ?? ''}+0x${offset.toString(16)}`;
}

/**
 * Malformed input. Callers branch on the stable `code` (`btf-truncated`, `elf-limit`, …); `where`
 * has the place, which the message repeats for people.
 */
export class FormatError extends Error {
  override readonly name = 'FormatError';
  readonly code: string;
  readonly where: Where;

  constructor(code: string, message: string, where: Where = {}, options?: ErrorOptions) {
    const place = formatWhere(where);
    super(place === '' ? message : `${place}: ${message}`, options);
    this.code = code;
    this.where = where;
  }
}
