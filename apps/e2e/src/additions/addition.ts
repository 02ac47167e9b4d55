/** What somebody writes who adds something to the project. */
export interface Addition {
  /** As CONTRIBUTING names it. */
  readonly what: string;
  /** New files, by their paths. */
  readonly files: Readonly<Record<string, string>>;
  /** Lines of existing tables; the types ask for each of them. */
  readonly lines: readonly Line[];
}

/** A line of a table, with the import that it needs. */
export interface Line {
  readonly file: string;
  /** For people. */
  readonly table: string;
  readonly edits: readonly Edit[];
}

/** Text that the file has once, and what stands there then. */
type Edit = readonly [from: string, to: string];

/** The file with the line. @throws Error where the place for it is gone, or is there twice. */
export function withLine(text: string, { file, edits }: Line): string {
  let changed = text;
  for (const [from, to] of edits) {
    const times = changed.split(from).length - 1;
    if (times !== 1) throw new Error(`${file} has ${times} times: ${from}`);
    changed = changed.split(from).join(to);
  }
  return changed;
}

/** Puts a line before one that the file has. */
export function before(anchor: string, line: string): Edit {
  return [anchor, `${line}\n${anchor}`];
}
