/** Where in the input a fault is: the section or part that was read, and the byte offset in it. */
export interface Where {
  readonly section?: string;
  readonly offset?: number;
}

/** `.BTF+0x1c` for a section and an offset; an empty string where nothing is known. */
export function formatWhere({ section, offset }: Where): string {
  if (offset === undefined) return section ?? '';
  return `${section ?? ''}+0x${offset.toString(16)}`;
}

/**
 * Input that does not keep to its format. `code` is stable (`btf-truncated`, `elf-limit`, …) and
 * is what callers branch on; `where` says the place, which the message repeats for people.
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
