import {
  addDeclTag,
  BtfBuilder,
  dedupBtf,
  Kind,
  packInfo,
  type KernelVersion,
} from '@btf-depot/btf';
import type { Source } from '@btf-depot/bytes';
import { Language, readDwarf, type DwarfLimits, type Unit } from '@btf-depot/dwarf';
import { readElf } from '@btf-depot/elf';
import { DwarfNames } from './dwarf-names.ts';
import { FunctionFinder, type FunctionsSeen } from './function-finder.ts';
import { Functions, type FoundFunction, type FunctionsLeftOut } from './functions.ts';
import { findKfuncs } from './kfuncs.ts';
import { OtherUnits } from './other-units.ts';
import { featuresFor, type Feature, type RulesName } from './rules.ts';
import { ShapeFinder } from './shape-finder.ts';
import { ShapesOfUnit } from './shapes-of-unit.ts';
import { Draft, Shapes } from './shapes.ts';
import { Variants } from './variants.ts';
import { writeTypes } from './write-types.ts';

export interface EncodeOptions {
  /** The version of pahole whose rules choose the functions. */
  readonly rules?: RulesName | undefined;
  /** Writes only features that this kernel knows. */
  readonly kernel?: KernelVersion | undefined;
  /** Replaces the features that follow from `rules` and `kernel`. */
  readonly features?: readonly Feature[] | undefined;
  /** Called after each unit; an error that it throws ends the work. */
  readonly onUnit?: ((done: number, total: number) => void) | undefined;
  readonly limits?: Partial<DwarfLimits & EncodeLimits> | undefined;
}

interface EncodeLimits {
  /** Most types before deduplication. */
  readonly types: number;
}

/** The range of type ids (BTF_MAX_TYPE). */
const ENCODE_LIMITS: EncodeLimits = { types: 0xfffff };

/** What was found, and how much each rule left out. */
export interface EncodeCoverage {
  readonly units: number;
  /** Units in Rust and assembly. */
  readonly unitsLeftOut: number;
  /** Entries of types in all units. */
  readonly types: number;
  /** How many of these were written before deduplication. */
  readonly built: number;
  readonly functions: FunctionsSeen & FunctionsLeftOut & { readonly taken: number };
}

/** The types of C units as BTF, without variables. */
export interface EncodedTypes {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly coverage: EncodeCoverage;
}

/**
 * Encodes the types and functions of a kernel from the DWARF of its vmlinux, as pahole does: all
 * types of units in C, and the functions that its rules accept, with kfunc tags. Variables are not
 * included. Throws FormatError as readElf and readDwarf do, `dwarf-nesting`, `dwarf-limit`.
 */
export function encodeTypes(vmlinux: Source, options: EncodeOptions = {}): EncodedTypes {
  const { onUnit, limits = {}, rules = '1.30', kernel } = options;
  const features = options.features ? new Set(options.features) : featuresFor(rules, kernel);
  const elf = readElf(vmlinux);
  const dwarf = readDwarf(elf, vmlinux, { limits });
  const builder = new BtfBuilder({ endian: elf.endian });
  const names = new DwarfNames(builder, dwarf.tables.strings);
  const shapes = new Shapes({ ...ENCODE_LIMITS, ...limits }.types);
  const ofUnit = new ShapesOfUnit();
  const elsewhere = (number: number): ShapeFinder => others.finderOf(number);
  const draft = new Draft();
  const parts = { dwarf, names, shapes, draft, ofUnit, elsewhere, features };
  const others = new OtherUnits(dwarf, () => new ShapeFinder(parts));
  const finder = new ShapeFinder(parts);
  const functions = new Functions(shapes);
  const functionFinder = new FunctionFinder(elf, dwarf, functions, parts);
  const lists: (Uint32Array | undefined)[] = [];
  let types = 0;
  let unitsLeftOut = 0;
  dwarf.eachUnit((unit) => {
    ofUnit.begin();
    if (isOfC(unit)) {
      finder.read(unit);
      finder.findAll();
      functionFinder.unit(unit, finder);
      types += finder.types.count;
      lists[unit.index] = Uint32Array.from(ofUnit.list);
    } else unitsLeftOut++;
    onUnit?.(unit.index + 1, dwarf.units.length);
  });

  const { functions: taken, leftOut } = functions.list(features.has('consistent_func'));
  for (const { prototype } of taken) shapes.isWanted[prototype] = true;
  const variants = new Variants(shapes);
  const wanted = new Map<number, FoundFunction[]>();
  for (const one of taken) {
    const all = wanted.get(one.unit);
    if (all) all.push(one);
    else wanted.set(one.unit, [one]);
  }
  const prototypes = new Map<FoundFunction, number>();
  lists.forEach((list, unit) => {
    if (list === undefined) return;
    variants.enterUnit(list);
    for (const one of wanted.get(unit) ?? []) prototypes.set(one, variants.outputOf(one.prototype));
  });
  writeTypes(builder, shapes, variants);
  const kfuncs = features.has('decl_tag_kfuncs') ? findKfuncs(elf, names) : undefined;
  for (const one of taken) {
    const prototype = prototypes.get(one) ?? 0;
    const id = builder.addRaw(one.name, packInfo(Kind.FUNC, 0, false), prototype, []);
    const kfunc = kfuncs?.get(one.name);
    if (kfunc) addDeclTag(builder, 'bpf_kfunc', id, -1);
    if (kfunc?.isFastcall) addDeclTag(builder, 'bpf_fastcall', id, -1);
    for (const { name, component } of one.tags) addRawTag(builder, name, id, component);
  }
  return {
    bytes: dedupBtf(builder.toBtf()),
    coverage: {
      units: dwarf.units.length,
      unitsLeftOut,
      types,
      built: variants.outputs.length,
      functions: { ...functionFinder.counts, ...leftOut, taken: taken.length },
    },
  };
}

function addRawTag(builder: BtfBuilder, name: number, target: number, component: number): void {
  builder.addRaw(name, packInfo(Kind.DECL_TAG, 0, false), target, [component >>> 0]);
}

function isOfC({ language }: Unit): boolean {
  return language !== Language.RUST && language !== Language.MIPS_ASSEMBLER;
}
