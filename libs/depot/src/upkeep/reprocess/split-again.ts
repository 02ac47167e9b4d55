import { checkMade, mergeBtf, parseBtf, verifyBtf } from '@btf-depot/btf';
import { arrangeKsyms, attachVariables, listVariables, type Variable } from '@btf-depot/extras';
import { kernelVersionOf } from '../../split/carrier-facts.ts';
import { DepotError } from '../../errors.ts';
import { refusing } from '../../input-errors.ts';
import { splitPart, type SplitPart } from '../../split/split-part.ts';

/** A kernel's stored parts. */
export interface StoredParts {
  core: Uint8Array;
  /** Split BTF on core. */
  vars: Uint8Array;
  ksyms?: Uint8Array | undefined;
  release?: string | undefined;
}

type VariablesPart = SplitPart & { variables: number };

/**
 * Splits variables off again: core and variables give the full BTF that they came from, as far as
 * variables need it, and this is attached to core again. The set of ksyms stays: it came from a
 * symbol table, which is not stored.
 *
 * @throws DepotError `bad-btf` if a kernel would refuse the result; the errors of the libraries.
 */
export function splitAgain({ core: coreBytes, vars, ksyms, release }: StoredParts): {
  vars: VariablesPart;
  ksyms?: VariablesPart;
} {
  const core = parseBtf(coreBytes);
  const before = parseBtf(vars, { base: core, section: 'vars' });
  const attached = attachVariables(core, parseBtf(mergeBtf(core, before), { section: 'full' }));
  const { types, variables } = attached;
  refusing('vars', () => checkMade('attached again', attached.bytes, { base: core }));
  if (!ksyms) return { vars: { ...splitPart(attached.bytes, types), variables } };
  const after = parseBtf(attached.bytes, { base: core, section: 'vars' });
  const safe = new Set(listVariables(parseBtf(ksyms, { base: core, section: 'ksyms' })).map(keyOf));
  const chosen = listVariables(after).filter((variable) => safe.has(keyOf(variable)));
  const arranged = arrangeKsyms(after, chosen);
  const kernel = kernelVersionOf(release);
  const faults = verifyBtf(arranged.ksyms.bytes, { base: core, kernel });
  if (faults[0]) throw new DepotError('bad-btf', `ksyms: ${faults[0].message}`);
  return {
    vars: { ...splitPart(arranged.vars, types), variables },
    ksyms: {
      ...splitPart(arranged.ksyms.bytes, arranged.ksyms.types),
      variables: arranged.ksyms.variables,
    },
  };
}

function keyOf({ name, place }: Variable) {
  return `${place?.section ?? ''} ${place?.offset ?? 0} ${name}`;
}
