import { checkMade, mergeBtf } from '@btf-depot/btf';
import { refusing } from '../../input-errors.ts';
import type { VariableTable } from './variable-table.ts';

/**
 * Core and variables in one.
 * @throws DepotError `bad-btf` with the type, for BTF that a kernel would refuse: the depot serves
 *   none that its own verifier refuses.
 */
export function mergedBtf({ btf }: Pick<VariableTable, 'btf'>): Uint8Array<ArrayBuffer> {
  const from = btf.base?.endId ?? btf.endId;
  return refusing('merged', () => checkMade('core and variables', mergeBtf(btf), { from }));
}
