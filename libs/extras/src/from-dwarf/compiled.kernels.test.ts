import { bytesSource } from '@btf-depot/bytes';
import {
  compareTypes,
  formatFault,
  mergeBtf,
  parseBtf,
  printDeclaration,
  verifyBtf,
  type Btf,
} from '@btf-depot/btf';
import { Entry, readDwarf, Tag } from '@btf-depot/dwarf';
import { readElf } from '@btf-depot/elf';
import { pahole } from '@btf-depot/kernels';
import { describeWithKernels } from '@btf-depot/kernels/testing';
import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testFolder } from '@btf-depot/testing/folders';
import { describe, expect, it } from 'vitest';
import { attachVariables } from '../variables/attach-variables.ts';
import { partition } from '../variables/partition.ts';
import { withFlatArrays } from '../testing/flat-arrays.ts';
import { listVariables } from '../variables/variables.ts';
import { variablesFromDwarf } from './variables-from-dwarf.ts';

const folder = testFolder({ atOnce: true });

/** Constructs of kernels, in two units; `pair` and `ring` are different types in each. */
const first = `
typedef unsigned int u32;
typedef unsigned char bool8;
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
typedef int matrix_t[3];
typedef struct { volatile int counter; } atomic_like;

struct list head = { &head, &head };
static struct outer state = { .number = 1 };
struct outer *const pointer = &state;
const char *const names[] = { "one", "two" };
static const int table[2][3][4] = { { { 1 } } };
matrix_t matrices[5];
atomic_like counter;
volatile const u32 version = 6;
enum mode mode = ON;
enum wide wide = HUGE;
struct context context;
extern int completed[];
int completed[7] = { 1 };
extern struct outer later;
struct outer later = { .number = 2 };
int (*callback)(struct hidden *restrict, u32[static 2]);
struct flexible flexible = { 0 };
struct crossing crossing = { 1 };
void *nothing;
char empty[0];
bool8 __UNIQUE_ID_left_out = 1;
static struct { long a; struct list list; } unnamed = { 1 };
struct pair { struct list *one; int *two; };
struct ring { struct ring *next; struct pair *pair; };
struct ring ring = { &ring };
int in_function(int x) { static int local = 3; return local += x; }
#ifdef TAGGED
#define tag(name) __attribute__((btf_type_tag(name)))
int tag("user") *tagged;
int tag("one") tag("two") *tag("three") *twice;
struct carrier { struct list tag("rcu") *list; char tag("user") *text; } carrier;
#endif
#ifdef SHUFFLED
const char vermagic[] = "6.12.0 SMP mod_unload RANDSTRUCT_0123456789abcdef";
#endif
int keep(void) {
  return state.number + table[1][1][1] + (int)unnamed.a + in_function(2);
}
`;

const second = `
struct context { int first; struct hidden *hidden; };
struct hidden { long inside; struct context *back; };
static struct context context2 = { 2 };
struct hidden hidden = { 4, &context2 };
#ifndef ONE_MEANING
struct pair { struct hidden *one; int *two; };
struct ring { struct ring *next; struct pair *pair; };
struct ring ring2 = { &ring2 };
struct pair pairs[2];
#endif
static const short state = 9;
static double ratio = 0.5;
extern char from_script[8];
int keep2(void) { return context2.first + state + (int)ratio + from_script[0]; }
`;

const script = `
SECTIONS {
  . = 0x400000;
  .text : { *(.text*) }
  .rodata : { *(.rodata*) }
  .data : { *(.data*) from_script = .; . += 8; }
  .bss : { *(.bss*) }
}
`;

function compile(compiler: string, flags: readonly string[]): string {
  const output = join(folder, `${compiler}${flags.join('')}`);
  const sources = ['first.c', 'second.c'].map((name) => join(folder, name));
  writeFileSync(sources[0], first);
  writeFileSync(sources[1], second);
  writeFileSync(join(folder, 'link.ld'), script);
  const objects = sources.map((source, index) => {
    const object = `${output}-${index}.o`;
    const common = ['-O1', '-fno-pic', '-fno-pie', '-fno-common', '-ffreestanding', '-c'];
    check(compiler, [...common, ...flags, source, '-o', object]);
    return object;
  });
  if (flags.includes('-flto')) {
    // All in one object: the linker would drop unused parts.
    const whole = `${output}-whole.o`;
    const together = ['-r', '-flinker-output=nolto-rel', '-nostdlib', '-O1', '-fno-pic', '-no-pie'];
    check(compiler, [...together, ...flags, ...objects, '-o', whole]);
    objects.splice(0, objects.length, whole);
  }
  const link = ['-nostdlib', '-static', '-no-pie', '-Wl,--build-id', '-Wl,-e,keep'];
  check(compiler, [...link, '-T', join(folder, 'link.ld'), ...flags, ...objects, '-o', output]);
  return output;
}

function check(command: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
}

/** Of the first entries of all units. */
function tagsOf(file: string): number[] {
  const source = bytesSource(readFileSync(file));
  const dwarf = readDwarf(readElf(source), source);
  const root = new Entry(dwarf.tables);
  const tags: number[] = [];
  dwarf.eachUnit((unit) => tags.push(root.read(unit, unit.header.firstEntry).tag));
  return tags;
}

function lines(btf: Btf): Map<string, number> {
  return new Map(
    listVariables(btf).map(({ id, name, linkage, place, type }) => [
      `${place ? `${place.section}+${place.offset}:${place.size}` : ''} ${linkage} ${name}: ${printDeclaration(btf, id)}`,
      type,
    ]),
  );
}

/** The same variables, with equal types in depth, and arrays flat as in pahole. */
function expectSame(ours: Btf, theirs: Btf, more: readonly string[]): void {
  const [left, right] = [withFlatArrays(ours), withFlatArrays(theirs)];
  const [mine, other] = [lines(left), lines(right)];
  for (const key of mine.keys()) {
    if (more.some((name) => key.includes(` ${name}: `))) mine.delete(key);
  }
  expect([...mine.keys()].sort()).toEqual([...other.keys()].sort());
  for (const [key, type] of mine) {
    const difference = compareTypes(left, type, right, other.get(key) ?? 0);
    expect(difference, `${key}: ${JSON.stringify(difference)}`).toBeUndefined();
  }
}

interface Judged {
  readonly core: Btf;
  readonly full: Btf;
}

/** pahole's BTF of a file, made once. */
async function judged(file: string): Promise<Judged> {
  const features = 'encode_force,var,float,enum64,decl_tag,type_tag';
  const encode = async (name: string, wanted: string): Promise<Btf> => {
    const output = `${file}.${name}`;
    await pahole(['-J', `--btf_features=${wanted}`, `--btf_encode_detached=${output}`, file]);
    return parseBtf(readFileSync(output));
  };
  const core = await encode('core', features);
  return { core, full: await encode('full', `${features},global_var`) };
}

/**
 * Checks a file's variables on a whole core, and on one without the types that only variables need.
 */
function expectVariables(file: string, { core, full }: Judged): readonly string[] {
  const source = bytesSource(readFileSync(file));
  const onCore = variablesFromDwarf(source, core);
  expect(verifyBtf(onCore.bytes, { base: core }).map((fault) => formatFault(fault))).toEqual([]);
  const more = onCore.beyond.map(({ name }) => name);
  const whole = (base: Btf, bytes: Uint8Array): Btf =>
    parseBtf(mergeBtf(base, parseBtf(bytes, { base })));
  const attached = attachVariables(core, full);
  expect(onCore.appended).toBe(attached.appended);
  expectSame(whole(core, onCore.bytes), whole(core, attached.bytes), more);

  const split = partition(full);
  if (split.origin !== 'partition') throw new Error('nothing to take out');
  const onPart = variablesFromDwarf(source, split.core);
  expect(verifyBtf(onPart.bytes, { base: split.core }).map((fault) => formatFault(fault))).toEqual(
    [],
  );
  expect(onPart.appended).toBeGreaterThan(0);
  expectSame(whole(split.core, onPart.bytes), whole(split.core, split.vars.bytes), more);
  return onCore.beyond.map(({ name, why }) => `${why} ${name}`);
}

const named = (variants: string[][]) => variants.map((flags) => [flags.join(' '), flags] as const);

const gcc = named([
  ['-gdwarf-5'],
  ['-gdwarf-4'],
  ['-gdwarf-3', '-gstrict-dwarf'],
  ['-gdwarf-2', '-gstrict-dwarf'],
  ['-gdwarf-5', '-gz=zlib'],
  ['-gdwarf-5', '-gdwarf64'],
]);
const clang = named([['-gdwarf-5', '-DTAGGED'], ['-gdwarf-4'], ['-gdwarf-5', '-gz=zlib']]);

const has = (compiler: string): boolean =>
  process.env.CI === 'true' || spawnSync(compiler, ['--version']).status === 0;

// The kernel is needed only because the tools come with it.
describeWithKernels(['K612'], "variables are pahole's", () => {
  describe.skipIf(!has('gcc'))('of gcc (skipped where it is missing)', () => {
    it.each(gcc)('%s', async (_, flags) => {
      const file = compile('gcc', flags);
      const beyond = expectVariables(file, await judged(file));
      expect(beyond).toEqual(['completed completed', 'declared from_script']);
    });

    it.skipIf(!has('objcopy'))('whose sections are compressed with zstd', async () => {
      const plain = compile('gcc', ['-gdwarf-5']);
      const file = `${plain}-zstd`;
      check('objcopy', ['--compress-debug-sections=zstd', plain, file]);
      expectVariables(file, await judged(plain));
    });

    describe.skipIf(!has('dwz'))('with what units share in partial units (dwz)', () => {
      it.each(['-gdwarf-5', '-gdwarf-4'])('%s', async (version) => {
        const plain = compile('gcc', [version]);
        const file = `${plain}-dwz`;
        check('dwz', ['-L', 'none', plain, '-o', file]);
        expect(tagsOf(file)).toContain(Tag.PARTIAL_UNIT);
        expectVariables(file, await judged(plain));
      });

      it('are refused by name where what files share is in another', async () => {
        const plain = compile('gcc', ['-gdwarf-5']);
        const copies = [`${plain}-one`, `${plain}-two`];
        for (const copy of copies) copyFileSync(plain, copy);
        check('dwz', ['-L', 'none', '-m', `${plain}-common`, ...copies]);
        const { core } = await judged(plain);
        const source = bytesSource(readFileSync(copies[0]));
        expect(() => variablesFromDwarf(source, core)).toThrow(
          expect.objectContaining({ code: 'dwarf-alternate' }),
        );
      });
    });

    it('optimised at link time, where units refer to each other', async () => {
      const file = compile('gcc', ['-gdwarf-5', '-flto']);
      const plain = await judged(compile('gcc', ['-gdwarf-5']));
      const { bytes } = variablesFromDwarf(bytesSource(readFileSync(file)), plain.core);
      const found = parseBtf(bytes, { base: plain.core });
      const theirs = new Map(listVariables(plain.full).map((one) => [one.name, one]));
      const compared = listVariables(found).filter(({ name }) => theirs.has(name));
      expect(compared.map(({ name }) => name)).toEqual(expect.arrayContaining(['ring', 'ring2']));
      for (const { name, type } of compared) {
        const other = theirs.get(name)?.type ?? 0;
        expect(compareTypes(found, type, plain.full, other), name).toBeUndefined();
      }
    });

    it('are refused of a kernel that gcc has shuffled', async () => {
      const { core } = await judged(compile('gcc', ['-gdwarf-5']));
      const file = compile('gcc', ['-gdwarf-5', '-DSHUFFLED']);
      expect(() => variablesFromDwarf(bytesSource(readFileSync(file)), core)).toThrow(
        expect.objectContaining({ code: 'randstruct' }),
      );
    });

    it('in .dwo files or not linked are refused by name', async () => {
      const { core } = await judged(compile('gcc', ['-gdwarf-5']));
      const refusal = (file: string): unknown => {
        try {
          return variablesFromDwarf(bytesSource(readFileSync(file)), core);
        } catch (error) {
          return error;
        }
      };
      const split = refusal(compile('gcc', ['-gdwarf-5', '-gsplit-dwarf']));
      expect(split).toMatchObject({ code: 'dwarf-split' });
      const unlinked = refusal(join(folder, 'gcc-gdwarf-5-0.o'));
      expect(unlinked).toMatchObject({ code: 'dwarf-relocatable' });
    });

    // pahole 1.30 loses the types in type units: it judges the same code without type units. Types
    // of one name that look alike share one type unit, so each must have one meaning.
    it.each(['-gdwarf-5', '-gdwarf-4'])('%s with type units', async (version) => {
      const flags = [version, '-DONE_MEANING'];
      const plain = await judged(compile('gcc', flags));
      expectVariables(compile('gcc', [...flags, '-fdebug-types-section']), plain);
    });
  });

  describe.skipIf(!has('clang'))('of clang (skipped where it is missing)', () => {
    it('are taken of a kernel that clang has shuffled', async () => {
      const file = compile('clang', ['-gdwarf-5', '-DSHUFFLED']);
      expectVariables(file, await judged(file));
    });

    it.each(clang)('%s', async (_, flags) => {
      const file = compile('clang', flags);
      expectVariables(file, await judged(file));
    });
  });
});
