import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  Absent,
  attempt,
  cached,
  debianSuite,
  lookUp,
  provided,
  run,
  say,
  unpack,
  withPackages,
  type Provided,
} from '@btf-depot/services/provision';
import { headers, type HeadersName } from './table.ts';

/** Modules that a kernel's build makes of small C files. */
export interface EmptyModules {
  /** Made of a file with only its licence. */
  readonly empty: Uint8Array;
  /** Made of a file whose init function returns 0. */
  readonly withInit: Uint8Array;
  /** Made of a file that holds types of the kernel, and points to others. */
  readonly usingTypes: Uint8Array;
}

/** A link record names modules so; it is the name of a carrier of inlined calls. */
const EMPTY = 'btf_vmlinux_inline';
const WITH_INIT = 'with_init';
const USING_TYPES = 'using_types';

const SOURCES: Readonly<Record<string, string>> = {
  [`${EMPTY}.c`]: '#include <linux/module.h>\nMODULE_LICENSE("GPL");\n',
  [`${WITH_INIT}.c`]: `#include <linux/module.h>
static int __init start(void)
{
	return 0;
}
module_init(start);
MODULE_LICENSE("GPL");
`,
  [`${USING_TYPES}.c`]: `#include <linux/module.h>
#include <linux/fs.h>
#include <linux/netdevice.h>
#include <linux/sched.h>

struct holder {
	struct list_head list;
	struct task_struct *task;
	struct sk_buff_head queues[2];
	struct net_device_stats stats;
	enum pid_type kind;
	void (*call)(struct file *file, loff_t at);
	const struct inode *inode;
	union {
		struct callback_head later;
		unsigned long word;
	};
	struct holder *next;
	bool held : 1;
};

int hold_types(struct holder *holder, const struct sk_buff *buffer);
int hold_types(struct holder *holder, const struct sk_buff *buffer)
{
	holder->stats.rx_bytes += buffer->len;
	return holder->kind;
}
MODULE_LICENSE("GPL");
`,
  Makefile: `obj-m := ${EMPTY}.o ${WITH_INIT}.o ${USING_TYPES}.o\n`,
};

/** Programs of Kbuild in addition to the headers' dependencies. */
const PROGRAMS = ['make', 'dash', 'coreutils', 'sed', 'grep', 'mawk', 'findutils'];
/** Dependencies of the headers that building a module does not need. */
const NEEDLESS = /^(?:linux-image|linux-binary|linux-modules|debconf|perl|initramfs|kmod|udev)/;

/**
 * The modules, built with Debian's headers and the compiler that they want, in their own root
 * folder: nothing is installed. Throws Absent. Entering a root folder needs root, or a system that
 * allows namespaces to others.
 */
async function provideEmptyModules(name: HeadersName): Promise<EmptyModules> {
  const entry = headers[name];
  const folder = await cached(`empty-modules/${name}`, [entry, SOURCES, PROGRAMS], async (into) => {
    const root = join(into, 'root');
    const suite = await debianSuite(entry.suite, 'amd64');
    const wanted = [`linux-headers-${entry.release}`, ...PROGRAMS];
    const closure = await lookUp(suite, { packages: wanted, closure: true, family: entry.family });
    const needed = closure.filter((one) => !NEEDLESS.test(one.name));
    await withPackages(suite, needed, `headers of ${entry.release}`, async (files) => {
      for (const file of files) await unpack(file, root);
    });
    await build(root, entry.release);
    for (const module of [EMPTY, WITH_INIT, USING_TYPES]) {
      await copyFile(join(root, 'work', `${module}.ko`), join(into, `${module}.ko`));
    }
    await rm(root, { recursive: true });
  });
  const read = (module: string) => readFile(join(folder, `${module}.ko`));
  return {
    empty: await read(EMPTY),
    withInit: await read(WITH_INIT),
    usingTypes: await read(USING_TYPES),
  };
}

/** The same; or why there are none. */
export function providedEmptyModules(name: HeadersName): Promise<Provided<EmptyModules>> {
  return provided(() => provideEmptyModules(name));
}

async function build(root: string, release: string): Promise<void> {
  say(`building empty modules with the headers of ${release}`);
  const links = new Map([
    ...['bin', 'lib', 'lib64', 'sbin'].map((name) => [name, `usr/${name}`] as const),
    ['usr/bin/sh', 'dash'],
    ['usr/bin/awk', 'mawk'],
  ]);
  for (const [path, target] of links) {
    if (!existsSync(join(root, path))) await symlink(target, join(root, path));
  }
  for (const path of ['work', 'tmp', 'dev', 'proc']) {
    await mkdir(join(root, path), { recursive: true });
  }
  await writeFile(join(root, 'dev/null'), '');
  for (const [file, text] of Object.entries(SOURCES)) {
    await writeFile(join(root, 'work', file), text);
  }
  const make = `make -C /usr/src/linux-headers-${release} M=/work modules`;
  // objtool of newer kernels reads /proc.
  const script = `mount -t proc proc "$0/proc" && exec chroot "$0" /bin/sh -c ${quote(make)}`;
  const namespaces = ['--mount', '--pid', '--fork'];
  if (process.getuid?.() !== 0) namespaces.unshift('--user', '--map-root-user');
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };
  const enter = [...namespaces, 'sh', '-c'];
  const may = await attempt('unshare', [...enter, 'mount -t proc proc "$0/proc"', root], { env });
  if (may.code !== 0) {
    throw new Absent(
      'modules cannot be built in a root folder of their own',
      `unshare says:\n${may.stderr.trim()}`,
    );
  }
  await run('unshare', [...enter, script, root], { env });
}

function quote(text: string): string {
  return `'${text}'`;
}
