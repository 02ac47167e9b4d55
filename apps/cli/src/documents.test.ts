import { glob, readFile } from 'node:fs/promises';
import { basename, dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { JOB_VERSION, PACKING, RECORD_SCHEMA } from '@btf-depot/contracts';
import { Command, CommanderError } from 'commander';
import { beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const DOCUMENTS = ['*.md', 'docs/*.md', 'infra/**/*.md', 'libs/*/README.md', 'tools/*/README.md'];
const SOURCES = ['apps/**/*.ts', 'libs/**/*.ts', 'tools/**/*.ts'];
const OTHERS = ['.ci/*', 'apps/**', 'docs/**', 'infra/**', 'libs/**', 'tools/**', '*'];

/** A path from the root, or the name of a source file. */
const PATH = /^(?:(?:\.ci|apps|docs|infra|libs|tools)\/[\w@./-]*[\w@/-]|[\w-]+(?:\.[\w-]+)*\.ts)$/;
/** Output of `npm run build`, the kernel's own tools, and placeholders. */
const NOT_HERE = /^apps\/catalogue\/dist\b|^tools\/lib\/bpf\/|^x\.|\bNAME\b/;

let paths: Set<string>;
let names: Set<string>;
let documents: string[];
let sources: string[];

async function filesOf(patterns: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  const exclude = (name: string) => /(?:^|\/)node_modules$/.test(name);
  for await (const path of glob(patterns, { cwd: root, exclude })) found.push(path);
  return found.sort();
}

beforeAll(async () => {
  documents = (await filesOf(DOCUMENTS)).filter((path) => path !== 'CHANGELOG.md');
  sources = await filesOf(SOURCES);
  paths = new Set(await filesOf(OTHERS));
  names = new Set([...paths].map((path) => basename(path)));
});

/**
 * The code in a document: spans, and the lines of blocks. CONTRIBUTING's list of new files is left
 * out, since they do not exist.
 */
function codeOf(document: string): string[] {
  const text = document.replace(/<!-- additions[^]*?end of additions -->/, '');
  const blocks = [...text.matchAll(/^```\w*\n([^]*?)^```/gm)].map(([, code]) => code);
  const spans = text.replace(/^```[^]*?^```/gm, '').match(/`[^`\n]+`/g) ?? [];
  return [...blocks.flatMap((code) => code.split('\n')), ...spans.map((one) => one.slice(1, -1))];
}

const commentsOf = (source: string) =>
  source.split('\n').filter((line) => /^\s*(?:\/\/|\/?\*)/.test(line));

const wordsOf = (line: string) =>
  line.split(/[\s`'"(),;:=[\]]+/).map((word) => word.replace(/\.$/, ''));

function isThere(word: string): boolean {
  const path = word.replace(/\/$/, '');
  return NOT_HERE.test(path) || (word.includes('/') ? paths.has(path) : names.has(word));
}

describe('what is named is there:', () => {
  test('files in documents', async () => {
    const missing: string[] = [];
    for (const document of documents) {
      const text = await readFile(join(root, document), 'utf8');
      const named = codeOf(text)
        .flatMap(wordsOf)
        .filter((word) => PATH.test(word));
      missing.push(...named.filter((word) => !isThere(word)).map((word) => `${document}: ${word}`));
      for (const [, link] of text.matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)) {
        const path = normalize(join(dirname(document), link)).replace(/\/$/, '');
        if (!paths.has(path)) missing.push(`${document}: ${link}`);
      }
    }
    expect(missing).toEqual([]);
  });

  test('files in comments', async () => {
    const missing: string[] = [];
    for (const source of sources) {
      const lines = commentsOf(await readFile(join(root, source), 'utf8'));
      const named = lines.flatMap(wordsOf).filter((word) => PATH.test(word));
      missing.push(...named.filter((word) => !isThere(word)).map((word) => `${source}: ${word}`));
    }
    expect(missing).toEqual([]);
  });
});

test('documents say the versions of records, jobs and packing that this code writes', async () => {
  const texts = await Promise.all(documents.map((path) => readFile(join(root, path), 'utf8')));
  const said = texts.flatMap((text) => [
    ...text.matchAll(/schema (\d+), jobs (\d+), generation (\d+)/g),
  ]);
  expect(said.map(([, ...versions]) => versions.map(Number))).toEqual([
    [RECORD_SCHEMA, JOB_VERSION, PACKING],
  ]);
});

describe('commands in documents and messages:', () => {
  let verbs: Map<string, Command>;

  beforeAll(async () => {
    verbs = new Map();
    for (const file of await filesOf(['apps/cli/src/verbs/**/*.ts'])) {
      if (
        file.endsWith('.test.ts') ||
        !/export function \w+Command\(/.test(await readFile(join(root, file), 'utf8'))
      )
        continue;
      const module = (await import(join(root, file))) as Record<string, unknown>;
      for (const [name, make] of Object.entries(module)) {
        if (!name.endsWith('Command') || typeof make !== 'function') continue;
        const command = (make as (program: Command) => Command)(new Command());
        verbs.set(command.name(), command);
      }
    }
    expect(verbs.size).toBeGreaterThan(20);
  });

  /** Why a command line is refused; undefined: only placeholders are wrong, or nothing. */
  function faultOf([verb = '', ...words]: readonly string[]): string | undefined {
    let command = verbs.get(verb);
    if (!command) return `no verb ${verb}`;
    if (command.commands.length > 0) {
      command = command.commands.find((one) => one.name() === words[0]);
      if (!command) return `${verb} has no ${words[0] ?? 'verb of this name'}`;
      words = words.slice(1);
    }
    command.exitOverride().configureOutput({ writeErr: () => undefined });
    try {
      const { unknown } = command.parseOptions(words);
      const flags = unknown.filter((word) => /^--?\w/.test(word) && word !== '--help');
      return flags.length > 0 ? `${verb} has no ${flags.join(', ')}` : undefined;
    } catch (error) {
      // N stands for a number, DEPOT for a URL.
      if (!(error instanceof CommanderError) || error.code === 'commander.invalidArgument')
        return undefined;
      return error.message;
    }
  }

  const COMMAND = /(?:^|[\s(])btfdepot ([a-z][^|&;#()`$]*)/g;
  const linesIn = (code: string) =>
    [...code.matchAll(COMMAND)].map(([, line]) =>
      line
        .trim()
        .split(/\s+/)
        .map((word) => word.replace(/^'|'$/g, '')),
    );

  test('documents', async () => {
    const faults: string[] = [];
    let count = 0;
    for (const document of documents) {
      for (const line of codeOf(await readFile(join(root, document), 'utf8')).flatMap(linesIn)) {
        count++;
        const fault = faultOf(line);
        if (fault !== undefined) faults.push(`${document}: ${line.join(' ')}: ${fault}`);
      }
    }
    expect(faults).toEqual([]);
    expect(count).toBeGreaterThan(50);
  });

  test('messages', async () => {
    const faults: string[] = [];
    for (const source of sources.filter((path) => !path.endsWith('.test.ts'))) {
      const text = await readFile(join(root, source), 'utf8');
      for (const [, line] of text.matchAll(/`btfdepot ([a-z][\w -]*)\\?`/g)) {
        const fault = faultOf(line.trim().split(' '));
        if (fault !== undefined) faults.push(`${source}: ${line}: ${fault}`);
      }
    }
    expect(faults).toEqual([]);
  });
});
