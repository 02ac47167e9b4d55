// Layouts that a C header can only say with attributes: our encoder reads them from a compiler's
// DWARF, our header is compiled again, and pahole reads what came of it.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { bytesSource } from '@btf-depot/bytes';
import { decodeBtf, parseBtf, printHeader, type Btf, type BtfType } from '@btf-depot/btf';
import { pahole } from '@btf-depot/kernels';
import { describeWithKernels } from '@btf-depot/kernels/testing';
import { testFolder } from '@btf-depot/testing/folders';
import { expect, it } from 'vitest';
import { encodeTypes } from './encode-types.ts';

const folder = testFolder({ atOnce: true });

const SOURCE = `
typedef unsigned long long u64; typedef unsigned int u32; typedef unsigned short u16;
typedef unsigned char u8;
#define packed __attribute__((packed))
#define aligned(n) __attribute__((aligned(n)))
typedef long long aligned(4) compat_s64;
struct compat_thing { int a; compat_s64 b; int c; };
struct compat_array { compat_s64 v[2]; char x; };
struct packed_bits { u8 a:3; u32 b:13; u64 c:40; u8 d; } packed;
struct holes_in_bits { u64 a:5; u64 :0; u64 b:7; u32 c; u32 :3; u32 d:2; };
struct inner_aligned { int x; } aligned(64);
struct packed_with_aligned { char c; struct inner_aligned in; } packed;
struct aligned_between { char c; int m aligned(32); char e; };
struct aligned2 { char a; char b; char c; } aligned(2);
struct with_aligned2 { char z; struct aligned2 y; };
struct packed_one { u16 a; u32 b; } packed;
struct with_packed { char a; struct packed_one p; u32 q; };
struct packed4 { u16 a; u32 b; u64 c; } packed aligned(4);
struct with_packed4 { char a; struct packed4 p; };
union packed_union { struct packed_one p; u8 raw[7]; };
union aligned_union { char c; } aligned(16);
struct flexible { int n; union { struct { struct {} none; char data[]; }; }; };
struct zero_array { int n; u64 z[0]; };
struct empty_between { int a; struct {} e; int b; };
enum narrow { NARROW_A, NARROW_B } packed;
enum wide { WIDE = 0x123456789abcULL };
enum signed_one { NEGATIVE = -5, POSITIVE = 7 };
struct enum_bits { enum signed_one a:4; enum narrow b:2; _Bool f:1; _Bool g:1; u8 h:4; u16 i:12; };
struct int128 { char c; __int128 v; };
struct tail_padding { u64 a; u8 b; };
struct after_padding { struct tail_padding t; u8 c; };
struct packed_bits_between { u32 a; u16 b:4, c:12; u8 d:1; u32 e:31; } packed;
struct bits64 { u64 x:33; u32 y:31; u64 z:1; };
struct only_bits { u32 :7; u32 a:1; };
struct pointers { int (*f)(int, ...); int (*(*g)(void))[3]; const char *const *volatile p;
  void (*h[2])(struct pointers *); const volatile int cv[2]; int (*arr)[4]; };
struct keywords { int class; int new; int private; };
struct forward; struct with_forward { struct forward *p; };
struct array_of_packed { struct packed_one arr[3]; u8 end; };
struct page { u8 a; } aligned(4096);
struct with_page { u8 x; struct page b; };
struct chain { u8 a:1; u8 b:7; u16 c:9; u16 d:7; u32 e:20; u32 f:12; u64 g:63; };
struct aligned_bits { u32 a:3; u32 b:5 aligned(4); u32 c; };
struct with_packed_union { union { u32 a; u16 b; } packed u; u8 c; };
struct nested { u8 k; struct { u8 a; union { u16 b; struct { u8 c, d; } packed; }; } packed; u32 e; };
struct doubles { char c; double d; float f; };
enum wide use_wide;
`;

const NAMED = /^(struct|union) (\w+) \{/gm;

/** Each named type of the header is used, so that compilers describe it. */
function withUses(text: string): string {
  const names = [...text.matchAll(NAMED)];
  const uses = new Map(names.map(([, kind, name]) => [name, `${kind} ${name} *use_${name};`]));
  return `${text}\n${[...uses.values()].join('\n')}\n`;
}

function compile(compiler: string, name: string, text: string): string {
  const [source, object] = [`${folder}/${name}.c`, `${folder}/${name}.o`];
  writeFileSync(source, withUses(text));
  const args = ['-g', '-w', '-c', source, '-o', object];
  // A linked file, because DWARF of objects is not relocated.
  for (const all of [
    args,
    ['-nostdlib', '-no-pie', '-Wl,-e,0', object, '-o', `${object}.linked`],
  ]) {
    const { status, stderr } = spawnSync(compiler, all, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${compiler} ${all.join(' ')}: ${stderr}`);
  }
  return `${object}.linked`;
}

/** Size and members of each named structure and union, members of unnamed ones among them. */
function layoutsOf(btf: Btf): Map<string, string[]> {
  const layouts = new Map<string, string[]>();
  for (const type of decodeBtf(btf).types) {
    if ((type.kind !== 'struct' && type.kind !== 'union') || type.name === '') continue;
    layouts.set(`${type.kind} ${type.name}`, [`size ${type.size}`, ...membersOf(type, 0)]);
  }
  return layouts;
}

function membersOf(type: BtfType, from: number): string[] {
  if (type.kind !== 'struct' && type.kind !== 'union') return [];
  return type.members.flatMap(({ name, bitOffset, bitSize, type: of }) => {
    // Padding of the header, or a structure whose members count as the outer one's.
    if (name === '') return membersOf(of, from + bitOffset);
    return [`${name} at ${from + bitOffset}${bitSize > 0 ? ` of ${bitSize}` : ''}`];
  });
}

const has = (compiler: string): boolean =>
  process.env.CI === 'true' || spawnSync(compiler, ['--version']).status === 0;

// The kernel is needed only because pahole comes with it.
describeWithKernels(['K612'], 'hard layouts', () => {
  it.for([
    ['gcc', 'gcc'],
    ['gcc', 'clang'],
    ['clang', 'gcc'],
    ['clang', 'clang'],
  ])('of %s are the same in our header, for %s', async ([first, second], { skip }) => {
    if (!has(first) || !has(second)) return skip(`${first} or ${second} is not installed`);
    const name = `${first}-${second}`;
    const file = compile(first, name, SOURCE);
    const ours = parseBtf(encodeTypes(bytesSource(readFileSync(file))).bytes);
    const again = compile(second, `${name}-again`, [...printHeader(ours)].join(''));
    const output = `${again}.btf`;
    await pahole(['-J', '--btf_features=default', `--btf_encode_detached=${output}`, again]);
    const theirs = layoutsOf(parseBtf(readFileSync(output)));
    const layouts = layoutsOf(ours);
    expect(layouts.size).toBe(SOURCE.match(NAMED)?.length);
    for (const [type, layout] of layouts) expect([type, theirs.get(type)]).toEqual([type, layout]);
  });
});
