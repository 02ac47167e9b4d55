import type { Fault } from './fault.ts';

/** Bytes for people: `4.7 MB` (powers of 1000, as file managers and the mail thread count). */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? value.toFixed(0) : value.toFixed(1)} ${units[unit] ?? ''}`;
}

export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** Columns aligned by width; numbers to the right if `right` names their column. */
export function formatTable(rows: string[][], right: number[] = []): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    });
  }
  const line = (row: string[]) =>
    row
      .map((cell, column) =>
        right.includes(column)
          ? cell.padStart(widths[column] ?? 0)
          : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return rows.map((row) => `${line(row)}\n`).join('');
}

/**
 * Text from a file or a server, for a terminal: control characters and changes of the writing
 * direction are shown as escapes.
 */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/** The same for text of several lines, such as C. */
export function printableLines(text: string): string {
  return text
    .split(/(?<=[\n\t])|(?=[\n\t])/)
    .map(ofLine)
    .join('');
}

function ofLine(text: string): string {
  return text === '\n' || text === '\t' ? text : printable(text);
}

/** A failure, with its code for programs; both may come from a server. */
export function faultLine(message: string, code: unknown): string {
  return `${printable(message)}${typeof code === 'string' ? ` [${printable(code)}]` : ''}`;
}

/** The same for one file, which the message may name already. */
export function faultOf(file: string, { message, code }: Fault): string {
  const line = faultLine(message, code);
  return message.startsWith(`${file}: `) ? line : `${printable(file)}: ${line}`;
}

export function print(text: string): void {
  process.stdout.write(text);
}

export function printJson(value: unknown): void {
  print(jsonText(value));
}

/** JSON of which a terminal shows every character: escapes those beyond ASCII. */
export function jsonText(value: unknown): string {
  const text = JSON.stringify(value, null, 2).replace(
    /[\x7f-\x9f\p{Cf}\u2028\u2029]/gu,
    (character) =>
      Array.from({ length: character.length }, (_, unit) => {
        const code = character.charCodeAt(unit).toString(16);
        return `\\u${code.padStart(4, '0')}`;
      }).join(''),
  );
  return `${text}\n`;
}

/** For people who watch: progress, notes. Results go to standard output. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Exit status after writing to a closed pipe, as in shells: 128 + SIGPIPE. */
export const PIPE_CLOSED = 141;

/**
 * Ends the process if its output is no longer read (`| head`), quietly, or cannot be written, with
 * the reason.
 */
export function endWithOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(PIPE_CLOSED);
      note(`btfdepot: its output cannot be written: ${error.message}`);
      process.exit(1);
    });
  }
}
