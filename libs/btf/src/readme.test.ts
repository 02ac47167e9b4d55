import { FormatError } from '@btf-depot/bytes';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { describe, expect, it } from 'vitest';
import * as library from './index.ts';
import { coreExt } from './testing/index.ts';

const { BtfBuilder, Kind, addComposite, addInt, addPointer, addTypedef, addVariable } = library;

/** What the examples take for granted. */
function kernel(): { core: Uint8Array; split: Uint8Array; object: library.CoreObject } {
  const b = new BtfBuilder();
  const int = addInt(b, 'int', 4, 1);
  const mm = b.nextId + 2;
  const pointer = addPointer(b, mm);
  const task = addComposite(b, Kind.STRUCT, 'task_struct', 24, [
    { name: 'pid', type: int, bitOffset: 0 },
    { name: 'mm', type: pointer, bitOffset: 64 },
    { name: 'flags', type: int, bitOffset: 128 },
  ]);
  addComposite(b, Kind.STRUCT, 'mm_struct', 4, [{ name: 'users', type: int, bitOffset: 0 }]);
  addVariable(b, 'init_task', task, 1);
  const module = new BtfBuilder({ base: b.toBtf() });
  addTypedef(module, 'mm_t', mm);
  const program = new BtfBuilder();
  const local = [{ name: 'mm', type: addPointer(program, 0), bitOffset: 0 }];
  const used = addComposite(program, Kind.STRUCT, 'task_struct', 8, local);
  const ext = coreExt(program, [['FIELD_BYTE_OFFSET', used, '0:0']]);
  const object = { btf: program.toBtf(), ext };
  return { core: b.finish(), split: module.finish(), object };
}

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const examples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code);

describe('the examples of the README', () => {
  it.each(examples.map((code, index) => [index + 1, code] as const))(
    'number %d runs',
    (_, code) => {
      const scope = { ...library, ...kernel(), FormatError, assert };
      const body = `"use strict";\n${stripTypeScriptTypes(code)}`;
      // The README is ours, and an example that is not run is soon wrong.
      // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call
      new Function(...Object.keys(scope), body)(...Object.values(scope));
    },
  );

  it('are all there, and every name that is exported stands somewhere', () => {
    expect(examples).toHaveLength(11);
    const missing = Object.keys(library).filter((name) => !readme.includes(`\`${name}\``));
    expect(missing).toEqual([]);
  });
});
