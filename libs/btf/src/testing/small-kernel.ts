import {
  addComposite,
  addInt,
  addPointer,
  addTypedef,
  addVariable,
  BtfBuilder,
  Kind,
  type CoreObject,
} from '../index.ts';
import { coreExt } from './core-ext.ts';

/**
 * A made-up kernel for the examples of the README: its BTF, the split BTF of one of its modules,
 * and a BPF object that reads `task_struct.mm`.
 */
export function smallKernel(): { core: Uint8Array; split: Uint8Array; object: CoreObject } {
  const b = new BtfBuilder();
  const int = addInt(b, 'int', 4, 1);
  const mm = b.nextId + 2;
  const pointer = addPointer(b, mm);
  const task = addComposite(b, Kind.STRUCT, 'task_struct', 24, [
    { name: 'pid', type: int, bitOffset: 0 },
    { name: 'mm', type: pointer, bitOffset: 64 },
    { name: 'flags', type: int, bitOffset: 128 },
  ]);
  addComposite(b, Kind.STRUCT, 'mm_struct', 4, [{ name: 'users', type: int, bitOffset: 0 }]);
  addVariable(b, 'init_task', task, 1);
  const module = new BtfBuilder({ base: b.toBtf() });
  addTypedef(module, 'mm_t', mm);
  const program = new BtfBuilder();
  const local = [{ name: 'mm', type: addPointer(program, 0), bitOffset: 0 }];
  const used = addComposite(program, Kind.STRUCT, 'task_struct', 8, local);
  const ext = coreExt(program, [['FIELD_BYTE_OFFSET', used, '0:0']]);
  const object = { btf: program.toBtf(), ext };
  return { core: b.finish(), split: module.finish(), object };
}
