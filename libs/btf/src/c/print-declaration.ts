import { Kind } from '../kinds.ts';
import type { Btf } from '../wire/btf.ts';
import { CWriter } from './declarator.ts';
import { identifier } from './identifiers.ts';

export interface PrintDeclarationOptions {
  /** Declared name; default the VAR's, FUNC's or typedef's own, empty for a type name. */
  readonly name?: string;
  /** Characters at most; default 1 MiB. */
  readonly limit?: number;
}

export const PRINT_DECLARATION_DEFAULTS = { limit: 1024 * 1024 } as const;

/**
 * One declaration in C without the final semicolon: for a VAR (`const char * const names[24]`), for
 * a FUNC with its parameters, or for any type as a type name (`struct file *`). Anonymous types are
 * written out. Throws FormatError `btf-cycle`, `btf-depth`, `btf-limit`.
 */
export function printDeclaration(
  btf: Btf,
  id: number,
  options: PrintDeclarationOptions = {},
): string {
  const { limit } = { ...PRINT_DECLARATION_DEFAULTS, ...options };
  const writer = new CWriter(btf, limit);
  const kind = btf.kind(id);
  const declares = kind === Kind.VAR || kind === Kind.FUNC;
  const name = options.name ?? (declares ? identifier(btf.name(id)) : '');
  return writer.declare(declares ? btf.sizeOrType(id) : id, name);
}
