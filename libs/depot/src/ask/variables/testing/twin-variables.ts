import { addInt, addSection, addVariable, BtfBuilder, IntEncoding } from '@btf-depot/btf';

/** BTF with what kernels rarely have: shared names, a repeated entry, a variable in no section. */
export function twinVariables(): Uint8Array {
  const b = new BtfBuilder();
  const int = addInt(b, 'int', 4, IntEncoding.SIGNED);
  const long = addInt(b, 'long int', 8, IntEncoding.SIGNED);
  const first = addVariable(b, 'verbose', int, 0);
  const second = addVariable(b, 'verbose', int, 0);
  const third = addVariable(b, 'verbose', long, 0);
  const nested = addVariable(b, 'hv_nested', int, 1);
  addVariable(b, 'stray', int, 2);
  addSection(b, '.data', 12, [
    { type: first, offset: 0, size: 4 },
    { type: second, offset: 4, size: 4 },
    { type: nested, offset: 8, size: 4 },
    { type: nested, offset: 8, size: 4 },
  ]);
  addSection(b, '.bss', 16, [{ type: third, offset: 8, size: 8 }]);
  return b.finish();
}
