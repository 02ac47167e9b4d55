/** The places of a kernel's variables in its image, and which variables its ksyms lack. */
export interface ImageLayout {
  /** Address of `_stext`: it shows how far a running kernel is shifted. */
  readonly text?: bigint | undefined;
  /** Link address of each section. */
  readonly sections: ReadonlyMap<string, bigint>;
  readonly leftOut: readonly LeftOut[];
}

/** A variable's place, and the KsymReason against it; a variable without a place is not listed. */
export interface LeftOut {
  readonly reason: string;
  readonly section: string;
  readonly offset: number;
  /** The symbol at its place, if it has another name than the variable. */
  readonly symbol?: string | undefined;
}

interface Stored {
  text?: string | undefined;
  sections: Record<string, string>;
  /** Reason → section → offsets. */
  leftOut: Record<string, Record<string, number[]>>;
  /** Section → offset → symbol; layouts before 0.3 lack it. */
  symbols?: Record<string, Record<string, string>> | undefined;
}

/** As JSON; the same layout gives the same bytes. */
export function encodeLayout({ text, sections, leftOut }: ImageLayout): Uint8Array {
  const byReason: Stored['leftOut'] = {};
  const symbols: Stored['symbols'] & object = {};
  for (const { reason, section, offset, symbol } of leftOut) {
    const bySection = (byReason[reason] ??= {});
    (bySection[section] ??= []).push(offset);
    if (symbol !== undefined) (symbols[section] ??= {})[offset] = symbol;
  }
  const stored: Stored = {
    text: text === undefined ? undefined : hex(text),
    sections: Object.fromEntries([...sections].map(([name, address]) => [name, hex(address)])),
    leftOut: byReason,
    symbols: Object.keys(symbols).length > 0 ? symbols : undefined,
  };
  return new TextEncoder().encode(`${JSON.stringify(stored)}\n`);
}

/** Opens the output of `encodeLayout`, with the reasons by place. */
export interface OpenedLayout extends Pick<ImageLayout, 'text' | 'sections'> {
  reasonOf(section: string, offset: number): string | undefined;
  /** The symbol at the variable's place, if it has another name. */
  symbolAt(section: string, offset: number): string | undefined;
}

export function decodeLayout(bytes: Uint8Array): OpenedLayout {
  const stored = JSON.parse(new TextDecoder().decode(bytes)) as Stored;
  const { text, sections, leftOut } = stored;
  const symbols = new Map(Object.entries(stored.symbols ?? {}));
  const reasons = new Map<string, string>();
  for (const [reason, bySection] of Object.entries(leftOut)) {
    for (const [section, offsets] of Object.entries(bySection)) {
      for (const offset of offsets) reasons.set(`${section}+${offset}`, reason);
    }
  }
  return {
    text: text === undefined ? undefined : BigInt(text),
    sections: new Map(Object.entries(sections).map(([name, at]) => [name, BigInt(at)])),
    reasonOf: (section, offset) => reasons.get(`${section}+${offset}`),
    symbolAt: (section, offset) => {
      const inSection = symbols.get(section) ?? {};
      return Object.hasOwn(inSection, offset) ? inSection[offset] : undefined;
    },
  };
}

function hex(address: bigint): string {
  return `0x${address.toString(16)}`;
}
