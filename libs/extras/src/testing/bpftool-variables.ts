/** Runs bpftool; returns its output. */
type Bpftool = (args: readonly string[]) => Promise<string>;

/** A type as `bpftool -j btf dump` prints it: the fields that this file reads. */
interface DumpedType {
  readonly id: number;
  readonly kind: string;
  readonly name: string;
  readonly type_id?: number;
  readonly ret_type_id?: number;
  readonly nr_elems?: number;
  readonly size?: number;
  readonly vlen?: number;
  readonly fwd_kind?: string;
  readonly linkage?: string;
  readonly params?: readonly { type_id: number }[];
  readonly members?: readonly { name: string; type_id: number; bits_offset: number }[];
  readonly vars?: readonly { type_id: number; offset: number; size: number }[];
}

/**
 * The variables of a BTF file (of split BTF and its base, with `base`) as bpftool reads them, one
 * line each: section, offset, size, linkage, name, type, and the members of the struct in the type.
 * No code of this project takes part.
 */
export async function bpftoolVariables(
  bpftool: Bpftool,
  file: string,
  base?: string,
): Promise<string[]> {
  const own = await dump(bpftool, file, base);
  const all = base === undefined ? own : [...(await dump(bpftool, base)), ...own];
  const types = new Map(all.map((type) => [type.id, type]));
  return all
    .filter(({ kind }) => kind === 'DATASEC')
    .flatMap((section) =>
      (section.vars ?? []).map(({ type_id, offset, size }) => {
        const variable = get(types, type_id);
        const { linkage, name } = variable;
        const type = print(types, variable.type_id);
        const heart = members(types, heartOf(types, variable.type_id));
        return `${section.name} ${offset} ${size} ${linkage} ${name} ${type} ${heart}`;
      }),
    );
}

async function dump(bpftool: Bpftool, file: string, base?: string): Promise<DumpedType[]> {
  const options = base === undefined ? ['-j'] : ['-j', '-B', base];
  const text = await bpftool([...options, 'btf', 'dump', 'file', file]);
  return (JSON.parse(text) as { types: DumpedType[] }).types;
}

function get(types: ReadonlyMap<number, DumpedType>, id: number): DumpedType {
  const type = types.get(id);
  if (!type) throw new Error(`bpftool shows no type ${id}`);
  return type;
}

/** A type in words, in full down to names; unnamed types are spelt out. */
function print(types: ReadonlyMap<number, DumpedType>, id = 0): string {
  if (id === 0) return 'void';
  const type = get(types, id);
  const inner = (): string => print(types, type.type_id);
  switch (type.kind) {
    case 'PTR':
      return `pointer to ${inner()}`;
    case 'ARRAY':
      return `${type.nr_elems} of ${inner()}`;
    case 'CONST':
    case 'VOLATILE':
    case 'RESTRICT':
      return `${type.kind} ${inner()}`;
    case 'FUNC_PROTO': {
      const parameters = (type.params ?? []).map((one) => print(types, one.type_id));
      return `function (${parameters.join(', ')}) giving ${print(types, type.ret_type_id)}`;
    }
    default: {
      const label = `${type.kind} ${type.name} ${type.fwd_kind ?? `${type.size}/${type.vlen}`}`;
      return type.name === '(anon)' ? `${label} ${members(types, id)}` : label;
    }
  }
}

/** The struct, enum or other named type behind pointers, arrays, qualifiers and typedefs. */
function heartOf(types: ReadonlyMap<number, DumpedType>, id = 0): number {
  const { kind, type_id } = id === 0 ? { kind: 'VOID' } : get(types, id);
  const through = ['PTR', 'ARRAY', 'CONST', 'VOLATILE', 'RESTRICT', 'TYPEDEF'];
  return through.includes(kind) ? heartOf(types, type_id) : id;
}

function members(types: ReadonlyMap<number, DumpedType>, id: number): string {
  if (id === 0) return '';
  const list = get(types, id).members ?? [];
  const lines = list.map(({ name, type_id, bits_offset }) => {
    return `${name}@${bits_offset}: ${print(types, type_id)}`;
  });
  return `{${lines.join('; ')}}`;
}
