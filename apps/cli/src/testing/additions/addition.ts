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
    const [before, after, ...more] = changed.split(from);
    if (before === undefined || after === undefined || more.length > 0) {
      throw new Error(`${file} has ${String(changed.split(from).length - 1)} times: ${from}`);
    }
    changed = before + to + after;
  }
  return changed;
}

/** Puts a line before one that the file has. */
export function before(anchor: string, line: string): Edit {
  return [anchor, `${line}\n${anchor}`];
}
