import { addSection, addVariable, BtfBuilder, Kind, parseBtf, verifyBtf } from '@btf-depot/btf';
import { attachVariables, encodeLayout } from '@btf-depot/extras';
import { kernelBtf, TEST_GLOBALS } from '@btf-depot/testing';
import { describe, expect, test } from 'vitest';
import { finish } from '../answer-room.ts';
import {
  answerVariable,
  findVariable,
  listVariablePage,
  resolveVariables,
  type AskedKernel,
} from './ask-variables.ts';
import { variablesAsC } from './describe-variable.ts';
import { twinVariables } from './testing/twin-variables.ts';
import { openVariables } from './variable-table.ts';
import { variablesAsBtf } from './variables-as-btf.ts';

const buildId = 'be'.repeat(20);

function kernel(core: Uint8Array, vars?: Uint8Array): AskedKernel {
  return {
    buildId,
    table: openVariables({ core, vars }),
    hasVars: vars !== undefined,
  };
}

const core = kernelBtf();
const vars = attachVariables(parseBtf(core), parseBtf(kernelBtf({ globals: true }))).bytes;
const whole = kernel(core, vars);
const twins = kernel(twinVariables());

describe('one variable', () => {
  test('where it lies, its declaration, and the types in an order that compiles', () => {
    expect(finish(answerVariable(whole, 'init_task'))).toEqual({
      buildId,
      name: 'init_task',
      variables: [
        {
          name: 'init_task',
          section: '.data',
          offset: 0,
          size: 16,
          linkage: 'global',
          perCpu: false,
          from: 'vars',
          declaration: 'struct task_struct init_task',
          types: expect.stringMatching(
            /^struct task_struct;\n\nstruct task_struct \{[^]*\};\n\n$/,
          ) as unknown,
        },
      ],
    });
  });

  test('its address, from _stext too, and why a running kernel is not given it', () => {
    const layout = encodeLayout({
      text: 0xffffffff81000000n,
      sections: new Map([
        ['.data', 0xffffffff82000000n],
        ['.bss', 0x1000n],
        ['.data..percpu', 0n],
      ]),
      leftOut: [{ reason: 'ambiguous-name', section: '.bss', offset: 4, symbol: '__pi_verbose' }],
    });
    const ksyms = attachVariables(parseBtf(core), parseBtf(kernelBtf())).bytes;
    const placed = { ...whole, table: openVariables({ core, vars, ksyms, layout }) };
    const one = (name: string) => finish(answerVariable(placed, name)).variables[0];
    expect(one('tasks')).toMatchObject({ address: '0xffffffff82000010', fromStext: 0x1000010 });
    expect(one('verbose')).toMatchObject({
      address: '0x1004',
      fromStext: Number(0x1004n - 0xffffffff81000000n),
      ksym: false,
      ksymReason: 'ambiguous-name',
      ksymName: '__pi_verbose',
    });
    expect(finish(variablesAsC(placed.table, findVariable(placed, 'verbose'))).text).toContain(
      ', __pi_verbose in the symbols */',
    );
    expect(one('tasks').ksymName).toBeUndefined();
    expect(one('current_task')).not.toHaveProperty('address');
    expect(finish(variablesAsC(placed.table, findVariable(placed, 'tasks'))).text).toContain(
      '/* .data+0x10, 0xffffffff82000010, 8 bytes',
    );
  });

  test('per-CPU variables of core are found too', () => {
    expect(finish(answerVariable(whole, 'current_task')).variables).toMatchObject([
      { perCpu: true, from: 'core', section: '.data..percpu' },
    ]);
    expect(finish(answerVariable(kernel(core), 'current_task')).variables).toHaveLength(1);
  });

  test('static variables of one name are all given, told apart by where they lie', () => {
    const { variables } = finish(answerVariable(twins, 'verbose'));
    expect(
      variables.map(({ section, offset, declaration }) => [section, offset, declaration]),
    ).toEqual([
      ['.bss', 8, 'long int verbose'],
      ['.data', 0, 'int verbose'],
      ['.data', 4, 'int verbose'],
    ]);
  });

  test('whether a running kernel can be given it', () => {
    const b = new BtfBuilder({ base: parseBtf(core) });
    const id = addVariable(b, 'init_task', 1, 1);
    addSection(b, '.data', 16, [{ type: id, offset: 0, size: 16 }]);
    const table = openVariables({ core, vars, ksyms: b.finish() });
    const ksym = (name: string) =>
      finish(answerVariable({ ...whole, table }, name)).variables[0].ksym;
    expect(['init_task', 'verbose', 'current_task'].map(ksym)).toEqual([true, false, undefined]);
  });

  test('of two that share a name, only the one whose place the ksyms have', () => {
    const build = (places: readonly number[]) => {
      const b = new BtfBuilder({ base: parseBtf(core) });
      const ids = places.map(() => addVariable(b, 'copied', 1, 1));
      for (const [at, offset] of places.entries()) {
        addSection(b, `.data${offset}`, offset + 4, [{ type: ids[at], offset, size: 4 }]);
      }
      return b.finish();
    };
    const table = openVariables({ core, vars: build([0, 8]), ksyms: build([8]) });
    const { variables } = finish(answerVariable({ ...whole, table }, 'copied'));
    expect(variables.map(({ offset, ksym }) => [offset, ksym])).toEqual([
      [0, false],
      [8, true],
    ]);
  });

  test('an entry that a section has twice is one variable', () => {
    expect(finish(answerVariable(twins, 'hv_nested')).variables).toHaveLength(1);
  });

  test('one that is in no section has neither section nor offset', () => {
    const [variable] = finish(answerVariable(twins, 'stray')).variables;
    expect(variable).toMatchObject({ size: 4, linkage: 'extern' });
    expect(variable).not.toHaveProperty('section');
  });

  test('a near miss names what may have been meant', () => {
    expect(() => findVariable(whole, 'init_taks')).toThrow(
      expect.objectContaining({
        code: 'unknown-variable',
        members: { suggestions: ['init_task'] },
      }),
    );
  });

  test('without variables the miss says so', () => {
    expect(() => findVariable(kernel(core), 'init_task')).toThrow(
      expect.objectContaining({ code: 'no-vars' }),
    );
  });
});

describe('pages', () => {
  const list = (prefix: string, limit: number, page?: string) =>
    finish(listVariablePage(whole, { prefix, limit, page }));

  test('all variables, by name', () => {
    const names = list('', 100).variables.map(({ name }) => name);
    expect(names).toEqual(['current_task', ...TEST_GLOBALS].sort());
  });

  test('by prefix', () => {
    expect(list('t', 100).variables.map(({ name }) => name)).toEqual(['tasks']);
    expect(list('zz', 100)).toEqual({ buildId, variables: [] });
  });

  test('following next gives each once, also among those of one name', () => {
    const seen: unknown[] = [];
    let page: string | undefined;
    do {
      const options = { prefix: '', limit: 1, page };
      const answer = finish(listVariablePage(twins, options));
      seen.push(...answer.variables);
      page = answer.next;
    } while (page !== undefined);
    expect(seen).toHaveLength(5);
    expect(new Set(seen.map((variable) => JSON.stringify(variable))).size).toBe(seen.length);
  });

  test('a page that no answer named is refused', () => {
    expect(() => list('', 10, 'x')).toThrow(expect.objectContaining({ code: 'bad-query' }));
  });
});

test('many names at once: found and missing, in the order asked, each once', () => {
  const answer = finish(
    resolveVariables(whole, ['verbose', 'tasks', 'verbos', '__proto__', 'verbose']),
  );
  expect(answer.found.map(({ name }) => name)).toEqual(['verbose', 'tasks']);
  expect(answer.missing).toEqual([
    { name: 'verbos', suggestions: ['verbose'] },
    { name: '__proto__', suggestions: [] },
  ]);
});

test('as C: the place, the types, the declaration; more of one name stand aside', () => {
  expect(finish(variablesAsC(whole.table, findVariable(whole, 'verbose'))).text).toBe(
    '/* .bss+0x4, 4 bytes, static */\nextern int verbose;\n',
  );
  const text = finish(variablesAsC(twins.table, findVariable(twins, 'verbose'))).text;
  expect(text.match(/^#if 0$/gm)).toHaveLength(2);
  expect(text).toContain('/* .data+0x4, 4 bytes, static, 3 of 3 of this name */');
});

describe('as BTF', () => {
  test('standalone and valid, with the variable and its section', () => {
    const btf = parseBtf(finish(variablesAsBtf(whole.table, findVariable(whole, 'init_task'))));
    expect(verifyBtf(btf.bytes)).toEqual([]);
    expect(btf.find('init_task', Kind.VAR)).toBeDefined();
    expect(btf.sizeOrType(btf.find('.data', Kind.DATASEC) ?? 0)).toBe(16);
    expect(btf.find('task_struct', Kind.STRUCT)).toBeDefined();
  });

  test('what is only pointed to is declared, not defined', () => {
    const btf = parseBtf(finish(variablesAsBtf(whole.table, findVariable(whole, 'tasks'))));
    expect(verifyBtf(btf.bytes)).toEqual([]);
    expect(btf.find('task_struct', Kind.STRUCT)).toBeUndefined();
    expect(btf.find('task_struct', Kind.FWD)).toBeDefined();
  });

  test('several of one name, in several sections', () => {
    const btf = parseBtf(finish(variablesAsBtf(twins.table, findVariable(twins, 'verbose'))));
    expect(verifyBtf(btf.bytes)).toEqual([]);
    expect(btf.findAll('verbose', Kind.VAR)).toHaveLength(3);
  });
});

test('BTF that is none is refused as such', () => {
  expect(() => openVariables({ core: new Uint8Array(100) })).toThrow(
    expect.objectContaining({ code: 'bad-btf' }),
  );
});
