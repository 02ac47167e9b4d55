import { Kind, packInfo, type BtfBuilder } from '@btf-depot/btf';
import { eachShapeReference, KeyKind, keyOf, type Shapes } from './shapes.ts';
import { FORWARD, type Variants } from './variants.ts';

/** Bytes of an enumeration that is only declared, as in pahole. */
const ENUM_SIZE = 4;

/**
 * Appends the types of all outputs in order, then a declaration for each name that is only
 * declared, or declared where it has several definitions.
 */
export function writeTypes(builder: BtfBuilder, shapes: Shapes, variants: Variants): void {
  const { words, starts } = shapes;
  const first = builder.nextId;
  const { outputs } = variants;
  const forwards = new Map<number, number>();
  const declare = (key: number): number => {
    const known = forwards.get(key);
    if (known !== undefined) return known;
    const id = first + outputs.length + forwards.size;
    forwards.set(key, id);
    return id;
  };
  for (const { shape, references } of outputs) {
    const own = words.slice(starts[shape], starts[shape + 1]);
    let at = 0;
    eachShapeReference(own, 0, own.length, (slot) => {
      const to = references[at++];
      own[slot] = to === 0 ? 0 : to >= FORWARD ? declare(keyOf(to)) : first + to - 1;
    });
    builder.addRaw(own[0], own[1], own[2], own.subarray(3));
  }
  shapes.definitions.forEach((all, key) => {
    if (all.length === 0 && shapes.isDeclared[key]) declare(key);
  });
  for (const key of forwards.keys()) {
    const kind = shapes.keyKind[key];
    const name = shapes.keyName[key];
    if (kind === KeyKind.ENUM) builder.addRaw(name, packInfo(Kind.ENUM, 0, false), ENUM_SIZE, []);
    else builder.addRaw(name, packInfo(Kind.FWD, 0, kind === KeyKind.UNION), 0, []);
  }
}
