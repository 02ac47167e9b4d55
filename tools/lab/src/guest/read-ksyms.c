// Runs in a guest, without a C library: loads BPF programs that the host has written, runs each
// once, and keeps what they read. bpf(2) is called directly because the host has resolved every
// variable to its id already; libbpf would look each of them up by name in all BTF there is.
//
// Usage: read-ksyms BTF-NAME PROGRAMS RESULTS
// PROGRAMS: u32 programs, u32 bytes of results of the largest; for each u32 instructions,
// u32 bytes of results, then the instructions of eight bytes. Where they load an address
// (BPF_LD_IMM64) of a variable or of the results, the file descriptor is filled in here.
typedef unsigned char u8;
typedef unsigned int u32;
typedef int s32;
typedef unsigned long u64;

#if defined(__x86_64__)
enum { SYS_READ = 0, SYS_WRITE = 1, SYS_OPEN = 257, SYS_MMAP = 9, SYS_EXIT = 60, SYS_BPF = 321 };
static long call(long number, u64 a, u64 b, u64 c, u64 d) {
  long result;
  register u64 r10 __asm__("r10") = d;
  register u64 r8 __asm__("r8") = ~0ul;
  register u64 r9 __asm__("r9") = 0;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}
__asm__(".globl _start\n_start: mov %rsp, %rdi\n and $-16, %rsp\n call main_of\n");
#elif defined(__aarch64__)
enum { SYS_READ = 63, SYS_WRITE = 64, SYS_OPEN = 56, SYS_MMAP = 222, SYS_EXIT = 93, SYS_BPF = 280 };
static long call(long number, u64 a, u64 b, u64 c, u64 d) {
  register u64 x8 __asm__("x8") = number;
  register u64 x0 __asm__("x0") = a;
  register u64 x1 __asm__("x1") = b;
  register u64 x2 __asm__("x2") = c;
  register u64 x3 __asm__("x3") = d;
  register u64 x4 __asm__("x4") = ~0ul;
  register u64 x5 __asm__("x5") = 0;
  __asm__ volatile("svc 0"
                   : "+r"(x0)
                   : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                   : "memory");
  return x0;
}
__asm__(".globl _start\n_start: mov x0, sp\n bl main_of\n");
#endif

enum { MAP_CREATE = 0, MAP_LOOKUP = 1, PROG_LOAD = 5, PROG_TEST_RUN = 10 };
enum { BTF_FD_BY_ID = 19, OBJ_INFO = 15, BTF_NEXT_ID = 23 };
enum { MAP_TYPE_ARRAY = 2, PROG_TYPE_SYSCALL = 31, FLAG_SLEEPABLE = 16 };
enum { PSEUDO_MAP_VALUE = 2, PSEUDO_BTF_ID = 3, LD_IMM64 = 0x18 };

struct insn {
  u8 code;
  u8 registers;
  short offset;
  s32 immediate;
};

/** As much of union bpf_attr as any of these calls uses. */
static u64 attributes[16];
static char log[1 << 16];

// The compiler calls these for what it initialises.
void *memset(void *to, int value, u64 size) {
  for (u64 i = 0; i < size; i++) ((volatile u8 *)to)[i] = value;
  return to;
}
void *memcpy(void *to, const void *from, u64 size) {
  for (u64 i = 0; i < size; i++) ((volatile u8 *)to)[i] = ((const u8 *)from)[i];
  return to;
}

static u64 length(const char *text) {
  u64 count = 0;
  while (text[count]) count++;
  return count;
}

static void say(const char *text) { call(SYS_WRITE, 1, (u64)text, length(text), 0); }

static void say_number(long number) {
  char digits[24];
  int at = sizeof digits;
  u64 left = number < 0 ? -number : number;
  digits[--at] = 0;
  do digits[--at] = '0' + left % 10; while (left /= 10);
  if (number < 0) digits[--at] = '-';
  say(digits + at);
}

static void fail(const char *what, long error) {
  say(what);
  say(": ");
  say_number(error);
  say("\n");
  call(SYS_EXIT, 1, 0, 0, 0);
}

static void clear(void) {
  for (int i = 0; i < 16; i++) attributes[i] = 0;
}

static long bpf(int command) {
  return call(SYS_BPF, command, (u64)attributes, sizeof attributes, 0);
}

/** The file descriptor of the BTF that the kernel registered under the name. */
static int btf_named(const char *name) {
  u32 *words = (u32 *)attributes;
  for (u32 id = 0;;) {
    clear();
    words[0] = id;
    long result = bpf(BTF_NEXT_ID);
    if (result < 0) fail("no BTF of that name", result);
    id = words[1];
    clear();
    words[0] = id;
    int fd = bpf(BTF_FD_BY_ID);
    if (fd < 0) continue;
    char found[64] = {0};
    // struct bpf_btf_info: btf, btf_size, id, name, name_len, kernel_btf.
    u64 info[5] = {0, 0, (u64)found, sizeof found, 0};
    clear();
    words[0] = fd;
    words[1] = 32;
    attributes[1] = (u64)info;
    if (bpf(OBJ_INFO) < 0) continue;
    u64 i = 0;
    while (name[i] && name[i] == found[i]) i++;
    if (name[i] == found[i]) return fd;
  }
}

static u8 *read_file(const char *path) {
  u64 size = 64 << 20;
  u8 *memory = (u8 *)call(SYS_MMAP, 0, size, 3, 0x22);
  long fd = call(SYS_OPEN, -100, (u64)path, 0, 0);
  if (fd < 0) fail(path, fd);
  for (u64 at = 0;;) {
    long got = call(SYS_READ, fd, (u64)memory + at, size - at, 0);
    if (got < 0) fail(path, got);
    if (got == 0) return memory;
    at += got;
  }
}

static int new_map(u32 size) {
  u32 *words = (u32 *)attributes;
  clear();
  words[0] = MAP_TYPE_ARRAY;
  words[1] = 4;
  words[2] = size;
  words[3] = 1;
  int fd = bpf(MAP_CREATE);
  if (fd < 0) fail("map", fd);
  return fd;
}

static void fill_in(struct insn *program, u32 count, int btf, int map) {
  for (u32 i = 0; i + 1 < count; i++) {
    if (program[i].code != LD_IMM64) continue;
    int kind = program[i].registers >> 4;
    if (kind == PSEUDO_BTF_ID) program[i + 1].immediate = btf;
    if (kind == PSEUDO_MAP_VALUE) program[i].immediate = map;
    i++;
  }
}

static int load(struct insn *program, u32 count, u32 log_level) {
  u32 *words = (u32 *)attributes;
  clear();
  words[0] = PROG_TYPE_SYSCALL;
  words[1] = count;
  attributes[1] = (u64)program;
  attributes[2] = (u64) "GPL";
  words[6] = log_level;
  words[7] = log_level ? sizeof log : 0;
  attributes[4] = log_level ? (u64)log : 0;
  words[11] = FLAG_SLEEPABLE;
  return bpf(PROG_LOAD);
}

__attribute__((used)) static void main_of(u64 *stack) {
  char **arguments = (char **)(stack + 1);
  int btf = btf_named(arguments[1]);
  u32 *at = (u32 *)read_file(arguments[2]);
  u32 programs = *at++;
  u32 size = *at++;
  int map = new_map(size);
  u8 *results = (u8 *)call(SYS_MMAP, 0, size, 3, 0x22);
  long out = call(SYS_OPEN, -100, (u64)arguments[3], 01101, 0600);
  for (u32 i = 0; i < programs; i++) {
    u32 count = *at++;
    u32 used = *at++;
    struct insn *program = (struct insn *)at;
    at += count * 2;
    fill_in(program, count, btf, map);
    int fd = load(program, count, 0);
    if (fd < 0) {
      say("program ");
      say_number(i);
      say(" is refused\n");
      load(program, count, 1);
      u64 end = length(log);
      say(log + (end > 400 ? end - 400 : 0));
      fail("load", fd);
    }
    u32 *words = (u32 *)attributes;
    clear();
    words[0] = fd;
    long result = bpf(PROG_TEST_RUN);
    if (result < 0) fail("run", result);
    u32 key = 0;
    clear();
    words[0] = map;
    attributes[1] = (u64)&key;
    attributes[2] = (u64)results;
    result = bpf(MAP_LOOKUP);
    if (result < 0) fail("lookup", result);
    if (call(SYS_WRITE, out, (u64)results, used, 0) != used) fail("write", used);
  }
  say_number(programs);
  say(" programs ran\n");
  call(SYS_EXIT, 0, 0, 0, 0);
}
