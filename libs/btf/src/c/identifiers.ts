/**
 * Words that C compilers do not accept as names (C17, and GNU's in every mode), with the macros of
 * GNU's modes and of the header itself.
 */
const KEYWORDS = new Set(
  (
    'auto break case char const continue default do double else enum extern float for goto if ' +
    'inline int long register restrict return short signed sizeof static struct switch typedef ' +
    'union unsigned void volatile while _Alignas _Alignof _Atomic _Bool _Complex _Generic ' +
    '_Imaginary _Noreturn _Static_assert _Thread_local asm typeof __asm __asm__ __attribute ' +
    '__attribute__ __const __const__ __extension__ __inline __inline__ __restrict __restrict__ ' +
    '__signed __signed__ __thread __typeof __typeof__ __volatile __volatile__ __int128 ' +
    '__builtin_va_list __builtin_va_arg __builtin_offsetof __label__ __func__ ' +
    'linux unix i386 __VMLINUX_H__ BPF_NO_PRESERVE_ACCESS_INDEX'
  ).split(' '),
);

/**
 * A name from BTF as a C identifier. Names are untrusted input: other text loses the characters
 * that could end the declaration or the file around it.
 */
export function identifier(name: string): string {
  let text = name;
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(text)) {
    text = text.replace(/[^A-Za-z0-9_]/g, '_').replace(/^(?=[0-9])/, '_');
  }
  return KEYWORDS.has(text) ? `${text}_` : text;
}

/** A C string literal, with every byte that is not plain text as an octal escape. */
export function stringLiteral(text: string): string {
  const octal = (c: string): string => `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`;
  return `"${text.replace(/[^A-Za-z0-9_ .,:;=+-]/g, octal)}"`;
}

const INTEGER_WORDS = new Set(['char', 'short', 'int', 'long', 'signed', 'unsigned']);
/** Bytes of C's integers on every 64-bit Linux, and for BPF. */
const SPELLED_BY_SIZE: Readonly<Record<number, string>> = {
  1: 'char',
  2: 'short',
  4: 'int',
  8: 'long long',
  16: '__int128',
};

/**
 * C for an INT: its own name if that is C and has the size, else a C type of that size (a 32-bit
 * kernel's `long`, Rust's `u8`).
 */
export function integerSpelling(name: string, size: number, signed: boolean): string {
  if (integerSize(name) === size) return name;
  const spelled = SPELLED_BY_SIZE[size] ?? 'char';
  if (signed) return size === 1 ? 'signed char' : spelled;
  return `unsigned ${spelled}`;
}

function integerSize(name: string): number | undefined {
  const words = name.split(' ');
  if (name === '_Bool') return 1;
  if (/^(unsigned |signed )?__int128( unsigned)?$/.test(name)) return 16;
  if (!words.every((word) => INTEGER_WORDS.has(word))) return undefined;
  if (words.includes('char')) return 1;
  if (words.includes('short')) return 2;
  return words.includes('long') ? 8 : 4;
}

/** C for a FLOAT of that size. */
export function floatSpelling(name: string, size: number): string {
  if (/^(float|double|long double|_Float16|__bf16|__float128)$/.test(name)) return name;
  return size <= 4 ? 'float' : size === 8 ? 'double' : 'long double';
}
