import { withoutUndefined, type PartEntries } from '@btf-depot/contracts';
import type { VariablesPart } from '../split/split-part.ts';
import type { ExtraWork } from './work.ts';

export const vars: ExtraWork<'vars', VariablesPart> = {
  find: ({ parts, stored }) => parts.vars ?? stored,
  entry: ({ sha256, bytes, types, variables, origin, coverage }, baseSha256) =>
    withoutUndefined<PartEntries['vars']>({
      sha256,
      size: bytes.length,
      types,
      variables,
      origin,
      baseSha256,
      coverage: coverage && { ...coverage },
    }),
  // The same variables in another order: the one that agrees with ksyms stays.
  isNoWorse: (next, old, { ksyms }) =>
    next.variables > old.variables || (next.variables === old.variables && !!ksyms),
  pinnedBy: ['btf_vmlinux.ko', 'btf_vmlinux_ksyms.ko'],
  stored: {
    vars: ({ vars }) => vars,
    ksyms: ({ ksyms }) => ksyms,
    ksymsLayout: ({ ksyms }) => ksyms?.layout,
    symbols: ({ symbols }) => symbols,
    layout: ({ layout }) => layout,
  },
};
