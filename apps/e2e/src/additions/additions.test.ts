import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { withLine } from './addition.ts';
import { ADDITIONS } from './additions.ts';

const root = fileURLToPath(new URL('../../../..', import.meta.url));

test('CONTRIBUTING lists what is added in the proof: `vitest -u` writes it', async () => {
  const path = `${root}CONTRIBUTING.md`;
  const block = /(<!-- additions: [^>]*-->\n\n)[^]*?(\n\n<!-- end of additions -->)/;
  const text = await readFile(path, 'utf8');
  expect(text).toMatch(block);
  const lists = ADDITIONS.map(({ what, files, lines }) => {
    const own = Object.keys(files).map((file) => `  - new: \`${file}\``);
    const tables = lines.map(({ file, table }) => `  - a line: ${table}, \`${file}\``);
    return [`- ${what}`, ...own, ...tables].join('\n');
  });
  const listed = text.replace(
    block,
    (_, head: string, end: string) => head + lists.join('\n') + end,
  );
  await expect(listed).toMatchFileSnapshot(path);
});

test('each line of the proof has its place, once', async () => {
  for (const line of ADDITIONS.flatMap(({ lines }) => lines)) {
    const text = await readFile(root + line.file, 'utf8');
    expect(withLine(text, line)).not.toBe(text);
    expect(() => withLine('', line)).toThrow(`${line.file} has 0 times`);
    expect(() => withLine(text + text, line)).toThrow('has 2 times');
  }
});
