/** The edits of a person who adds something to the project. */
export interface Addition {
  /** As CONTRIBUTING names it. */
  readonly what: string;
  /** New files, by their paths. */
  readonly files: Readonly<Record<string, string>>;
  /** Lines of existing tables; without any of them the types have an error. */
  readonly lines: readonly Line[];
}

/** A line of a table, with the import that it needs. */
export interface Line {
  readonly file: string;
  /** For people. */
  readonly table: string;
  readonly edits: readonly Edit[];
}

/** Text that the file has once, and its replacement. */
type Edit = readonly [from: string, to: string];

/** The file with the line. @throws Error if its place is missing, or there twice. */
export function withLine(text: string, { file, edits }: Line): string {
  let changed = text;
  for (const [from, to] of edits) {
    const times = changed.split(from).length - 1;
    if (times !== 1) throw new Error(`${file} has ${times} times: ${from}`);
    changed = changed.split(from).join(to);
  }
  return changed;
}

/** Puts a line before one of the file's lines. */
export function before(anchor: string, line: string): Edit {
  return [anchor, `${line}\n${anchor}`];
}
