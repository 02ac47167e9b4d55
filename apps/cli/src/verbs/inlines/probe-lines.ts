import type { InlineSite } from '@btf-depot/contracts';

/** Whose lines: tracefs's kprobe_events, perf probe, bpftrace. */
export const PROBE_FORMS = ['kprobe', 'perf', 'bpftrace'] as const;
export type ProbeForm = (typeof PROBE_FORMS)[number];

/** A place to probe: an inlined call, or the function itself. */
interface Place {
  /** SYMBOL, or SYMBOL+OFFSET. */
  probe: string;
  function: string;
  /** Unique among the lines, and a name in C. */
  event: string;
  /** The class of an inlined call, unless its code is at its place. */
  note?: string | undefined;
  values: Value[];
}

/** A parameter whose value a probe can read. */
interface Value {
  name: string;
  /** Where: as a kprobe event has it, without the type. */
  place: string;
  bits: number;
  signed: boolean;
  kind: 'number' | 'pointer' | 'string';
}

/** Fields that each event has already (trace_probe.c). */
const RESERVED = /^(common_(type|flags|preempt_count|pid|tgid)|__probe_(ip|ret_ip|func))$/;

const FORMS: Record<ProbeForm, { write: (place: Place) => string; comment: string }> = {
  kprobe: { write: kprobe, comment: '#' },
  perf: { write: perf, comment: '#' },
  bpftrace: { write: bpftrace, comment: '//' },
};

/**
 * Lines that make probes of inlined calls, and of the functions themselves, which the calls that
 * were not inlined run: for tracefs and bpftrace a text to be written or run as it is, for perf
 * commands of a shell. Sites without a symbol around them have none.
 */
export function probeLines(sites: readonly InlineSite[], form: ProbeForm): string {
  const { write, comment } = FORMS[form];
  return placesOf(sites)
    .map((place) => {
      const note = place.note === undefined ? '' : ` ${comment} ${place.note}`;
      return `${write(place)}${note}\n`;
    })
    .join('');
}

function placesOf(sites: readonly InlineSite[]): Place[] {
  const places: Place[] = [];
  const counts = new Map<string, number>();
  const alone = new Map<string, Place>();
  for (const { function: name, probe, standalone, class: kind, parameters } of sites) {
    if (probe === undefined) continue;
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    const values = valuesOf(parameters);
    const note = kind === 'inside' ? undefined : (kind ?? 'unknown');
    places.push({ probe, function: name, event: `${cName(name)}_${count}`, note, values });
    if (standalone === true && !alone.has(name)) {
      alone.set(name, { probe: name, function: name, event: cName(name), values: [] });
    }
  }
  return [...places, ...alone.values()];
}

function valuesOf(parameters: InlineSite['parameters']): Value[] {
  const taken = new Set<string>();
  return parameters.flatMap(({ name, type, fetch }, index) => {
    const [, place, sign, bits] = /^(.*):([su])(\d+)$/.exec(fetch ?? '') ?? [];
    if (place === undefined) return [];
    let label = cName(name === '' ? `arg${index + 1}` : name);
    while (RESERVED.test(label) || taken.has(label)) label = `${label}_`;
    taken.add(label);
    const isConstant = place.startsWith('\\');
    const isPointer = type.includes('*') && !isConstant;
    const isString = isPointer && /^(const )?char \*$/.test(type.trim());
    const kind = isString ? 'string' : isPointer ? 'pointer' : 'number';
    return [{ name: label, place, bits: Number(bits), signed: sign === 's', kind }];
  });
}

/** Documentation/trace/kprobetrace.rst; `string` reads memory of the kernel and of the process. */
function argumentOf({ name, place, bits, signed, kind }: Value): string {
  if (kind === 'string') return `${name}=+0(${place}):string`;
  const letter = kind === 'pointer' ? 'x' : signed ? 's' : 'u';
  return `${name}=${place}:${letter}${bits}`;
}

function kprobe({ probe, event, values }: Place): string {
  return [`p:inlined/${event}`, probe, ...values.map(argumentOf)].join(' ');
}

function perf({ probe, event, values }: Place): string {
  const words = [`inlined:${event}=${probe}`, ...values.map(argumentOf)].join(' ');
  return `perf probe --add '${words}'`;
}

function bpftrace({ probe, function: name, values }: Place): string {
  const formats = values.map(({ name: label, bits, signed, kind }) => {
    const number = `${bits === 64 ? 'l' : ''}${signed ? 'd' : 'u'}`;
    return `${label}=%${kind === 'string' ? 's' : kind === 'pointer' ? 'p' : number}`;
  });
  const where = probe === name ? name : `${name} in ${probe}`;
  const text = [where, ...formats].join(' ');
  const words = [`"${text}\\n"`, ...values.map(expressionOf)].join(', ');
  return `kprobe:${probe} { printf(${words}); }`;
}

/** bpftrace names the registers of arm64 r0 to r30, and others as the kernel does. */
function expressionOf({ place, bits, signed, kind }: Value): string {
  const register = (name: string) => `reg("${name.replace(/^x(\d+)$/, 'r$1')}")`;
  const [, constant] = /^\\(-?\d+)$/.exec(place) ?? [];
  if (constant !== undefined) return constant;
  const integer = `${signed ? '' : 'u'}int${bits}`;
  const [, offset, base] = /^([+-]\d+)\(%(\w+)\)$/.exec(place) ?? [];
  const value =
    base === undefined
      ? register(place.slice(1))
      : `*(${integer} *)(${register(base)} ${offset.startsWith('-') ? '-' : '+'} ${offset.slice(1)})`;
  if (kind === 'string') return `str(${value})`;
  if (kind === 'pointer') return value;
  return base === undefined ? `(${integer})${value}` : value;
}

function cName(name: string): string {
  return name.replace(/[^\w]/g, '_');
}
