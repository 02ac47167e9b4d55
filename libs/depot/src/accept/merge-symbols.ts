import { withoutUndefined, type KernelRecord, type PartEntries } from '@btf-depot/contracts';
import type { Evidence } from '../split/kernel-symbols.ts';
import { settle, type Settling } from '../ownership/settle.ts';
import type { KernelParts } from '../split/split-kernel.ts';

type SymbolsEntry = PartEntries['symbols'];
type LayoutEntry = PartEntries['layout'];
type Merging = Pick<Settling<never>, 'ruling' | 'kept'>;

/** The kernel's own symbols take precedence over a map. */
const RANKS: Readonly<Record<string, number>> = {
  kallsyms: 2,
  symtab: 1,
  map: 0,
} satisfies Record<Evidence, number>;

/** If the kernel's kallsyms has only functions, other files give the addresses of variables. */
const RANKS_WITHOUT_VARIABLES: Readonly<Record<string, number>> = {
  symtab: 2,
  map: 1,
  kallsyms: 0,
} satisfies Record<Evidence, number>;

/** Source of the symbols in a record; records of version 0.1 have only the origin. */
function evidenceOf({ from, origin }: SymbolsEntry): string {
  return from ?? origin;
}

/** Of the same source, the longer one: symbols of a vmlinux also have sizes. */
function saysNoLess(next: SymbolsEntry, old: SymbolsEntry): boolean {
  // The kernel itself shows that it hides variables; earlier records lack this field.
  if (next.hidesVariables !== old.hidesVariables) return next.hidesVariables === true;
  const ranks = next.hidesVariables ? RANKS_WITHOUT_VARIABLES : RANKS;
  const [known, found] = [old, next].map((one) => ranks[evidenceOf(one)] ?? 0);
  return found === known ? next.size >= old.size : found > known;
}

/** The kernel's own take precedence over a map; ksyms prove that the symbols fit. */
export function mergeSymbols(
  { parts: { symbols: before, ksyms } }: KernelRecord,
  { symbols: found }: KernelParts,
  merging: Merging,
): SymbolsEntry | undefined {
  const part =
    found &&
    withoutUndefined<SymbolsEntry>({
      sha256: found.sha256,
      size: found.bytes.length,
      origin: found.origin,
      from: found.from,
      hidesVariables: found.hidesVariables,
    });
  const areMaps = before && part && evidenceOf(before) === 'map' && part.from === 'map';
  const isNoWorse = areMaps && !part.hidesVariables ? () => !ksyms : saysNoLess;
  return settle<SymbolsEntry>('symbols', before, part, { ...merging, isNoWorse });
}

/** Addresses of variables without ksyms. */
export function mergeLayout(
  { parts: { layout: before } }: KernelRecord,
  { layout: found }: KernelParts,
  merging: Merging,
): LayoutEntry | undefined {
  const part: LayoutEntry | undefined = found && {
    sha256: found.sha256,
    size: found.bytes.length,
    from: found.from,
  };
  return settle<LayoutEntry>('addresses', before, part, {
    ...merging,
    isNoWorse: (next, old) => next.from !== 'map' || old.from === 'map',
  });
}
