import { Kind } from '../kinds.ts';
import type { Btf } from '../wire/btf.ts';
import { Definitions } from './definitions.ts';
import { identifier } from './identifiers.ts';

export interface PrintVariableOptions {
  /** Characters at most; default 16 Mi. */
  readonly limit?: number;
}

export const PRINT_VARIABLE_DEFAULTS = { limit: 16 * 1024 * 1024 } as const;

/**
 * C that declares a VAR or FUNC (`extern … name;`), or defines any other type, after everything
 * that it needs: contained types are defined, types behind a pointer are declared. Throws
 * FormatError `btf-cycle`, `btf-depth`, `btf-limit`.
 */
export function printVariable(btf: Btf, id: number, options: PrintVariableOptions = {}): string {
  const { limit } = { ...PRINT_VARIABLE_DEFAULTS, ...options };
  const definitions = new Definitions(btf, limit);
  const kind = btf.kind(id);
  if (kind === Kind.VAR || kind === Kind.FUNC) {
    const type = btf.sizeOrType(id);
    definitions.complete(type);
    const declared = definitions.writer.declare(type, identifier(btf.name(id)));
    definitions.pieces.push(`extern ${declared};\n`);
  } else {
    definitions.complete(id);
  }
  return definitions.pieces.join('');
}
