// DWARF of real compilers and linkers. pahole 1.30 judges each on the same code: the same types as
// whole graphs, the same functions.
import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytesSource } from '@btf-depot/bytes';
import { Kind, parseBtf, verifyBtf, type Btf } from '@btf-depot/btf';
import { pahole } from '@btf-depot/kernels';
import { describeWithKernels } from '@btf-depot/kernels/testing';
import { testFolder } from '@btf-depot/testing/folders';
import { describe, expect, it } from 'vitest';
import { compareEncoders } from './compare-encoders.ts';
import { encodeTypes } from './encode-types.ts';
import type { Feature } from './rules.ts';

const folder = testFolder({ atOnce: true });

const FIRST = `
typedef unsigned int u32;
struct hidden;
struct context { int first; struct hidden *hidden; };
struct list { struct list *next, *prev; };
struct flexible { int count; struct list *items[]; };
enum mode { OFF, ON = -1, AUTO = 7 };
enum wide { SMALL = 1, HUGE = 0x100000000ULL };
struct bits { u32 a : 3; u32 b : 13; u32 : 2; u32 c : 14; int plain; _Bool flag : 1; };
struct crossing { char c; u32 a : 1; u32 b : 31; } __attribute__((packed));
struct outer {
  union { int number; struct { short low, high; }; };
  struct bits bits;
  enum { RED, GREEN } colour;
  int (*compare)(const struct list *, const struct outer *, ...);
  void (*table[2][3])(void);
  char name[4][16];
} __attribute__((aligned(64)));
struct pair { struct list *one; int *two; };
struct ring { struct ring *next; struct pair *pair; };
#ifdef TAGGED
#define type_tag(name) __attribute__((btf_type_tag(name)))
#define decl_tag(name) __attribute__((btf_decl_tag(name)))
int type_tag("user") *tagged;
int type_tag("one") type_tag("two") *type_tag("three") *twice;
struct decl_tag("whole") decl_tag("again") marked {
  int plain;
  int member decl_tag("of a member");
  struct list type_tag("rcu") *list;
};
union decl_tag("united") united { int i; long l; };
typedef struct marked alias decl_tag("of a typedef");
decl_tag("of a function") int marked_function(struct marked *a, int b decl_tag("second"));
int marked_function(struct marked *a, int b) { return a->plain + b; }
union united united;
alias *aliased;
#endif
struct outer state = { .number = 1 };
struct ring ring = { &ring };
struct crossing crossing = { 1 };
enum mode mode = ON;
enum wide wide = HUGE;
struct flexible flexible;
struct context context;
static __attribute__((noinline)) int helper(struct list *list, enum mode mode) {
  return list->next != 0 && mode == ON;
}
int shared(const struct pair *pair, struct outer *outer) {
  return *pair->two + helper(pair->one, mode) + outer->bits.a;
}
int differs(int a) { return a; }
_Bool with_float(float a, double b) { return a > b; }
`;

const SECOND = `
struct context { int first; struct hidden *hidden; };
struct hidden { long inside; struct context *back; };
struct context context2 = { 2 };
struct hidden hidden = { 4, &context2 };
#ifndef ONE_MEANING
struct pair { struct hidden *one; int *two; };
struct ring { struct ring *next; struct pair *pair; };
struct ring ring2 = { &ring2 };
struct pair pairs[2];
#endif
long inner(struct hidden *hidden) { return hidden->inside; }
#ifdef DIFFERS
static __attribute__((noinline)) long differs2(long a) __asm__("differs.local");
static __attribute__((noinline)) long differs2(long a) { return a + 1; }
long calls(long a) { return differs2(a); }
#endif
`;

function check(command: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
}

function compile(compiler: string, flags: readonly string[]): string {
  const output = join(folder, `${compiler}${flags.join('')}`);
  const objects = [FIRST, SECOND].map((text, index) => {
    const source = join(folder, `${index}.c`);
    writeFileSync(source, text);
    const object = `${output}-${index}.o`;
    const common = ['-O1', '-fno-pic', '-fno-pie', '-fno-common', '-ffreestanding', '-c'];
    check(compiler, [...common, ...flags, source, '-o', object]);
    return object;
  });
  const link = ['-nostdlib', '-static', '-no-pie', '-Wl,--build-id', '-Wl,-e,shared'];
  check(compiler, [...link, ...flags, ...objects, '-o', output]);
  return output;
}

async function judged(file: string, features = 'default'): Promise<Btf> {
  const output = `${file}.btf`;
  const flags = ['-J', `--btf_features=${features}`, `--btf_encode_detached=${output}`];
  await pahole([...flags, file]);
  return parseBtf(readFileSync(output));
}

/** Names of tags with their targets: `whole struct marked -1`. */
function tagsOf(btf: Btf): string[] {
  const tags: string[] = [];
  for (let id = 1; id < btf.endId; id++) {
    if (btf.kind(id) !== Kind.DECL_TAG) continue;
    tags.push(`${btf.name(id)}: ${btf.name(btf.sizeOrType(id))} ${btf.tail(id, 0) | 0}`);
  }
  return tags.sort();
}

function expectSame(file: string, theirs: Btf, features?: readonly Feature[]): Btf {
  const { bytes } = encodeTypes(bytesSource(readFileSync(file)), { features });
  expect(verifyBtf(bytes)).toEqual([]);
  const ours = parseBtf(bytes);
  const { same, sameFunctions, ...differences } = compareEncoders(ours, theirs);
  for (const list of Object.values(differences)) expect(list).toEqual([]);
  expect(same).toBeGreaterThan(30);
  expect(sameFunctions).toBeGreaterThanOrEqual(4);
  expect(tagsOf(ours)).toEqual(tagsOf(theirs));
  return ours;
}

const named = (variants: string[][]) => variants.map((flags) => [flags.join(' '), flags] as const);

const gcc = named([
  ['-gdwarf-5'],
  ['-gdwarf-4'],
  ['-gdwarf-3', '-gstrict-dwarf'],
  ['-gdwarf-2', '-gstrict-dwarf'],
  ['-gdwarf-5', '-gz=zlib'],
  ['-gdwarf-5', '-gdwarf64'],
  ['-gdwarf-5', '-DDIFFERS'],
]);
const clang = named([
  ['-gdwarf-5', '-DTAGGED'],
  ['-gdwarf-4', '-DTAGGED'],
  ['-gdwarf-4'],
  ['-gdwarf-5', '-gz=zlib'],
]);

const has = (compiler: string): boolean =>
  process.env.CI === 'true' || spawnSync(compiler, ['--version']).status === 0;

// The kernel is needed only because the tools come with it.
describeWithKernels(['K612'], 'types and functions are those of pahole', () => {
  describe.skipIf(!has('gcc'))('from gcc (skipped where it is missing)', () => {
    it.each(gcc)('%s', async (_, flags) => {
      const file = compile('gcc', flags);
      expectSame(file, await judged(file));
    });

    it.skipIf(!has('objcopy'))('in sections of the older compressed form, .zdebug', async () => {
      const plain = compile('gcc', ['-gdwarf-4']);
      const file = `${plain}-zdebug`;
      check('objcopy', ['--compress-debug-sections=zlib-gnu', plain, file]);
      expect(readFileSync(file).includes('.zdebug_info')).toBe(true);
      expectSame(file, await judged(plain));
    });

    it.skipIf(!has('objcopy'))('in a debug file, whose other sections have no bytes', async () => {
      const plain = compile('gcc', ['-gdwarf-5']);
      const file = `${plain}.debug`;
      check('objcopy', ['--only-keep-debug', plain, file]);
      expectSame(file, await judged(plain));
    });

    it.skipIf(!has('dwz')).each(['-gdwarf-5', '-gdwarf-4'])(
      'in partial units (dwz) %s',
      async (v) => {
        const plain = compile('gcc', [v]);
        const file = `${plain}-dwz`;
        check('dwz', ['-L', 'none', plain, '-o', file]);
        expectSame(file, await judged(plain));
      },
    );

    it.skipIf(!has('dwz'))('not where files share what is in another: refused by name', () => {
      const plain = compile('gcc', ['-gdwarf-5']);
      const copies = [`${plain}-one`, `${plain}-two`];
      for (const copy of copies) copyFileSync(plain, copy);
      check('dwz', ['-L', 'none', '-m', `${plain}-common`, ...copies]);
      const source = bytesSource(readFileSync(copies[0]));
      expect(() => encodeTypes(source)).toThrow(
        expect.objectContaining({ code: 'dwarf-alternate' }),
      );
    });

    // pahole 1.30 loses the types in type units: it judges the same code without type units.
    it.each(['-gdwarf-5', '-gdwarf-4'])('%s with type units', async (version) => {
      const flags = [version, '-DONE_MEANING'];
      const plain = await judged(compile('gcc', flags));
      expectSame(compile('gcc', [...flags, '-fdebug-types-section']), plain);
    });

    it.each<[features: Feature[]]>([[['enum64']], [['float']], [[]]])(
      'with no other features than %j',
      async (features) => {
        const file = compile('gcc', ['-gdwarf-5']);
        const theirs = await judged(file, ['encode_force', ...features].join(','));
        expectSame(file, theirs, features);
      },
    );
  });

  describe.skipIf(!has('clang'))('from clang (skipped where it is missing)', () => {
    it.each(clang)('%s', async (_, flags) => {
      const file = compile('clang', flags);
      const ours = expectSame(file, await judged(file));
      if (flags.includes('-DTAGGED')) expect(tagsOf(ours).length).toBeGreaterThanOrEqual(6);
    });

    it('with neither kind of tag, where they are not asked for', async () => {
      const file = compile('clang', ['-gdwarf-5', '-DTAGGED']);
      const theirs = await judged(file, 'encode_force,float,enum64');
      expect(tagsOf(expectSame(file, theirs, ['float', 'enum64']))).toEqual([]);
    });
  });
});
