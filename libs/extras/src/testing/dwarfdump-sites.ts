// Inlined calls from the output of llvm-dwarfdump and readelf. It uses nothing of libs/dwarf, whose
// results are compared with it.

/** An inlined call as printed. */
export interface PrintedSite {
  readonly function: string;
  readonly address: bigint;
  readonly parameters: readonly PrintedParameter[];
}

/**
 * `where`: as `placeText` of a LOC_PARAM; undefined for expressions that this reader does not
 * handle.
 */
interface PrintedParameter {
  readonly name: string;
  readonly where: string | undefined;
}

export interface PrintedContext {
  /** The bytes of .debug_loclists, for pairs of views. */
  readonly loclists: Uint8Array;
  /** The register and offset of the canonical frame address, `7+24`, at an address. */
  readonly cfaAt: (address: bigint) => string | undefined;
}

interface Die {
  readonly depth: number;
  readonly tag: string;
  readonly attributes: Map<string, string>;
}

/** The calls in the output of `llvm-dwarfdump --debug-info=UNIT -c` that name their entry. */
export function printedSites(dump: string, context: PrintedContext): PrintedSite[] {
  const dies = [...readDies(dump)];
  const sites: PrintedSite[] = [];
  dies.forEach(({ tag, depth, attributes }, place) => {
    if (tag !== 'inlined_subroutine') return;
    const name = quoted(attributes.get('abstract_origin'));
    const entry = attributes.get('entry_pc');
    if (name === undefined || entry === undefined) return;
    const address = BigInt(entry);
    const view = Number(attributes.get('GNU_entry_view') ?? 0);
    const parameters = new Map<string, string | undefined>();
    for (let child = place + 1; child < dies.length && dies[child].depth > depth; child++) {
      const die = dies[child];
      if (die.depth !== depth + 1 || die.tag !== 'formal_parameter') continue;
      const parameter = quoted(die.attributes.get('abstract_origin')) ?? '';
      // Some are there twice, first without a location.
      if ((parameters.get(parameter) ?? '-') !== '-') continue;
      parameters.set(parameter, whereOf(die, { address, view }, context));
    }
    const all = Array.from(parameters, ([parameter, where]) => ({ name: parameter, where }));
    sites.push({ function: name, address, parameters: all });
  });
  return sites;
}

function* readDies(dump: string): Generator<Die> {
  let die: Die | undefined;
  let attribute = '';
  for (const line of dump.split('\n')) {
    const head = /^0x[0-9a-f]+:( +)(?:DW_TAG_(\w+)|NULL)$/.exec(line);
    if (head) {
      if (die) yield die;
      const [, indent, tag] = head;
      die = tag ? { depth: indent.length / 2, tag, attributes: new Map() } : undefined;
      continue;
    }
    const start = /^ +DW_AT_(\w+)\t\((.*)$/.exec(line);
    if (start) {
      attribute = start[1];
      die?.attributes.set(attribute, closed(start[2]));
    } else if (die?.attributes.has(attribute) && line.startsWith(' ')) {
      const before = die.attributes.get(attribute) ?? '';
      die.attributes.set(attribute, `${before}\n${closed(line.trim())}`);
    }
  }
  if (die) yield die;
}

/** Without the parenthesis that ends an attribute. */
function closed(text: string): string {
  return text.endsWith(')') ? text.slice(0, -1) : text;
}

function quoted(text: string | undefined): string | undefined {
  return text === undefined ? undefined : /"(.*)"/.exec(text)?.[1];
}

interface Place {
  readonly address: bigint;
  readonly view: number;
}

function whereOf({ attributes }: Die, place: Place, context: PrintedContext): string | undefined {
  const value = attributes.get('const_value');
  if (value !== undefined) return /^-?(0x)?[0-9a-f]+$/.test(value) ? `${number(value)}` : undefined;
  const location = attributes.get('location');
  if (location === undefined) return '-';
  if (!/^0x[0-9a-f]+:/.test(location)) return expressionText(location, place.address, context);
  let views = Number(attributes.get('GNU_locviews') ?? -1);
  for (const line of location.split('\n').slice(1)) {
    const [, begin, end, expression] = /^\[(0x\w+), (0x\w+)\)[^:]*: (.*)$/.exec(line) ?? [];
    if (begin === undefined) return undefined;
    let [beginView, endView] = [0, 0];
    if (views >= 0) {
      [beginView, views] = uleb(context.loclists, views);
      [endView, views] = uleb(context.loclists, views);
    }
    const [from, to] = [BigInt(begin), BigInt(end)];
    const { address, view } = place;
    const begun = from < address || (from === address && beginView <= view);
    const open = address < to || (address === to && view < endView);
    if (begun && open) return expressionText(expression, address, context);
  }
  return '-';
}

function uleb(bytes: Uint8Array, at: number): [value: number, next: number] {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return [value, at];
  }
}

function number(text: string): bigint {
  return text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text);
}

/** The shapes of most expressions. */
function expressionText(
  expression: string,
  address: bigint,
  { cfaAt }: PrintedContext,
): string | undefined {
  const operations = expression.split(', ').map((one) => one.replace(/^DW_OP_/, ''));
  const isValue = operations.at(-1) === 'stack_value';
  if (isValue) operations.pop();
  const [first, ...rest] = operations;
  const register = /^reg(\d+) /.exec(first) ?? /^regx (\d+)/.exec(first);
  if (register && rest.length === 0 && !isValue) return `r${register[1]}`;
  const constant = /^(?:lit|const\w+ )(-?\w+)$/.exec(first)?.[1];
  if (constant !== undefined && rest.length === 0)
    return isValue ? `${number(constant)}` : undefined;
  const fixed = /^addr (0x\w+)$/.exec(first)?.[1];
  if (fixed !== undefined && rest.length === 0) {
    return isValue ? `@${BigInt(fixed)}` : `[@${BigInt(fixed)}]`;
  }
  const sum = sumOf(first, address, cfaAt);
  if (sum === undefined) return /entry_value|implicit_pointer/.test(first) ? '-' : undefined;
  if (rest.length === 0) return isValue ? placeOf(sum) : `[${placeOf(sum)}]`;
  if (rest.length === 1 && rest[0] === 'deref' && isValue) return `[${placeOf(sum)}]`;
  return undefined;
}

interface Sum {
  readonly register: number;
  readonly offset: number;
}

function placeOf({ register, offset }: Sum): string {
  return offset === 0 ? `r${register}` : `r${register}${offset < 0 ? '' : '+'}${offset}`;
}

function sumOf(
  operation: string,
  address: bigint,
  cfaAt: PrintedContext['cfaAt'],
): Sum | undefined {
  const [, register, added] = /^breg(\d+) \w+?([+-]\d+)$/.exec(operation) ?? [];
  if (register !== undefined) return { register: Number(register), offset: Number(added) };
  const frame = /^fbreg ([+-]?\d+)$/.exec(operation)?.[1];
  const [base, distance] = frame === undefined ? [] : (cfaAt(address) ?? '').split('+');
  if (base === undefined || distance === undefined) return undefined;
  return { register: Number(base), offset: Number(distance) + Number(frame) };
}

/** Registers of frames that are not printed by DWARF's number (`r13`, `x29`). */
const FRAME_REGISTERS: ReadonlyMap<string, number> = new Map([
  ['rsp', 7],
  ['rbp', 6],
  ['sp', 31],
]);

/** Reads the output of `readelf --debug-dump=frames-interp` for x86-64, arm64, arm and s390x. */
export function printedFrames(dump: string): PrintedContext['cfaAt'] {
  const rows: { from: bigint; to: bigint; cfa: string }[] = [];
  let end = 0n;
  for (const line of dump.split('\n')) {
    const range = / FDE .* pc=([0-9a-f]+)\.\.([0-9a-f]+)$/.exec(line);
    if (range) end = BigInt(`0x${range[2]}`);
    const row = /^([0-9a-f]{8,16}) ([a-z]+)(\d*)\+(\d+) /.exec(line);
    if (!row || end === 0n) continue;
    const from = BigInt(`0x${row[1]}`);
    const last = rows.at(-1);
    if (last?.to === end) last.to = from;
    const register = FRAME_REGISTERS.get(row[2]) ?? row[3];
    rows.push({ from, to: end, cfa: `${register}+${row[4]}` });
  }
  rows.sort((a, b) => (a.from < b.from ? -1 : 1));
  return (address) => {
    let low = 0;
    let high = rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (rows[middle].from <= address) low = middle + 1;
      else high = middle;
    }
    const found = rows.at(low - 1);
    return low > 0 && found && address < found.to ? found.cfa : undefined;
  };
}
