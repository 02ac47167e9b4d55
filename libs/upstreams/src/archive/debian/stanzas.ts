/** Fields of a stanza, deb822(5), by lowercase names; a long value includes its lines. */
export type Stanza = ReadonlyMap<string, string>;

export function parseStanza(text: string): Stanza {
  const fields = new Map<string, string>();
  let last: string | undefined;
  for (const line of text.split('\n')) {
    const [, name, value = ''] = /^([\w-]+):\s*(.*)$/.exec(line) ?? [];
    if (name !== undefined) {
      last = name.toLowerCase();
      fields.set(last, value.trimEnd());
    } else if (last !== undefined && /^[ \t]/.test(line)) {
      fields.set(last, `${fields.get(last) ?? ''}\n${line.trim()}`);
    }
  }
  return fields;
}

/** One after the other, so that the index of a whole archive is never in memory as text. */
export async function* stanzas(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const pieces = (rest + decoder.decode(chunk, { stream: true })).split(/\n\n+/);
    rest = pieces.pop() ?? '';
    yield* pieces;
    if (rest.length > MAX_STANZA) throw new RangeError(`a stanza of more than ${MAX_STANZA} bytes`);
  }
  if (rest.trim() !== '') yield rest;
}

const MAX_STANZA = 4 * 2 ** 20;
