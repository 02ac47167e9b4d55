import {
  addArray,
  addComposite,
  addDeclTag,
  addEnum,
  addFloat,
  addForward,
  addFunction,
  addFunctionProto,
  addInt,
  addPointer,
  addQualifier,
  addSection,
  addTypedef,
  addTypeTag,
  addVariable,
} from '../wire/declare.ts';
import { Kind } from '../kinds.ts';
import type { Btf } from '../wire/btf.ts';
import { BtfBuilder, type BuilderOptions } from '../wire/builder.ts';
import { Random } from './random.ts';

/** A builder with one or more types of every kind, 1 to 22. */
export function everyKind(options: BuilderOptions = {}): BtfBuilder {
  const b = new BtfBuilder(options);
  const int = addInt(b, 'int', 4, 1);
  const pointer = addPointer(b, int);
  const array = addArray(b, int, int, 4);
  const struct = addComposite(b, Kind.STRUCT, 'pair', 24, [
    { name: 'flag', type: int, bitOffset: 0, bitSize: 1 },
    { name: 'p', type: pointer, bitOffset: 64, bitSize: 0 },
    { name: '', type: b.nextId + 1, bitOffset: 128, bitSize: 0 },
  ]);
  addComposite(b, Kind.UNION, '', 4, [{ name: 'x', type: int, bitOffset: 0 }]);
  addEnum(b, 'colour', 4, true, [
    ['RED', -1n],
    ['BLUE', 7n],
  ]);
  addForward(b, 'file', false);
  addForward(b, 'data', true);
  addTypedef(b, 'pair_t', struct);
  addQualifier(b, Kind.VOLATILE, addQualifier(b, Kind.CONST, struct));
  addQualifier(b, Kind.RESTRICT, pointer);
  const proto = addFunctionProto(b, int, [
    ['p', pointer],
    ['', 0],
  ]);
  const func = addFunction(b, 'run', proto, 1);
  const variable = addVariable(b, 'table', array, 0);
  addSection(b, '.data', 32, [{ type: variable, offset: 8, size: 16 }]);
  addFloat(b, 'double', 8);
  addDeclTag(b, 'kfunc', func, -1);
  addTypeTag(b, 'user', int);
  addEnum(b, 'wide', 8, false, [['TOP', 0xffff_ffff_ffff_ffffn]]);
  const parameter = b.add({ kind: Kind.LOC_PARAM, vlen: 2, sizeOrType: 8 }, [3, 1, 2]);
  const location = b.add({ kind: Kind.LOC_PROTO, vlen: 2 }, [parameter, 0]);
  b.add({ kind: Kind.LOCSEC, name: b.string('.text'), vlen: 1 }, [func, location, 64]);
  return b;
}

/** Some hundred types, valid by the kernel's rules, that refer to each other in both directions. */
export function seededBtf(seed: number, base?: Btf): Btf {
  const random = new Random(seed);
  const b = new BtfBuilder(base ? { base } : {});
  const tag = base ? `x${seed}_` : '';
  const int = base ? 1 : addInt(b, 'int', 4, 1);
  const sized = [int];
  for (let i = 0; i < 40; i++) {
    const type = random.pick(sized);
    const name = `${tag}t${i}`;
    switch (random.next(8)) {
      case 0:
        sized.push(addPointer(b, random.next(4) === 0 ? 0 : type));
        break;
      case 1:
        sized.push(addTypedef(b, name, type));
        break;
      case 2:
        sized.push(addArray(b, int, int, random.next(9)));
        break;
      case 3:
        sized.push(
          addEnum(b, name, 4, false, [
            [`${name}_A`, 1n],
            [`${name}_B`, BigInt(random.next(99))],
          ]),
        );
        break;
      case 4:
        addVariable(b, name, type, random.next(2));
        break;
      case 5:
        addFunction(
          b,
          name,
          addFunctionProto(b, type, [
            ['a', int],
            ['b', type],
          ]),
          0,
        );
        break;
      case 6:
        sized.push(addPointer(b, addForward(b, name, random.next(2) === 0)));
        break;
      default: {
        // A list: the pointer to the struct comes before it. C cannot express that without a name.
        const anonymous = random.next(3) === 0;
        const next = addPointer(b, anonymous ? 0 : b.nextId + 1);
        const bitSize = random.next(2) * (1 + random.next(31));
        sized.push(
          addComposite(b, Kind.STRUCT, anonymous ? '' : name, 16, [
            { name: 'next', type: next, bitOffset: 0, bitSize: 0 },
            { name: 'flags', type: int, bitOffset: 64, bitSize },
          ]),
        );
      }
    }
  }
  const variable = addVariable(b, `${tag}last`, int, 1);
  addSection(b, `.${tag}data`, 64, [{ type: variable, offset: 4, size: 4 }]);
  return b.toBtf();
}
