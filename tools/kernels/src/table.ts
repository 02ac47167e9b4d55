// Kernels and tools by name: data only. To add a kernel, add an entry. Its folder in the cache
// follows from the entry, so a changed one is fetched anew.
import type { DebianProgram } from '@btf-depot/services/provision';

export interface KernelEntry {
  /** As in `uname -r`. */
  readonly release: string;
  readonly suite: string;
  readonly architecture: string;
  /** The packages with the image and its modules. */
  readonly packages: readonly string[];
  /** The package with vmlinux and its DWARF. */
  readonly debug: string;
  /** Matches the name of `packages[0]` in other releases: Debian drops old ones. */
  readonly family: string;
  /** Part of the default set, or fetched only by name. */
  readonly byDefault: boolean;
}

function debian12(release: string, architecture: string, family: string): KernelEntry {
  const image = `linux-image-${release}`;
  return {
    release,
    suite: 'bookworm',
    architecture,
    packages: [image],
    debug: `${image}-dbg`,
    family: `linux-image-${family}`,
    byDefault: false,
  };
}

export const kernels = {
  K612: {
    ...debian12('6.12.117+deb12-cloud-amd64', 'amd64', String.raw`6\.12\.\d+\+deb12-cloud-amd64`),
    byDefault: true,
  },
  K61: debian12('6.1.0-56-amd64', 'amd64', String.raw`6\.1\.0-\d+-amd64`),
  K612rt: debian12('6.12.117+deb12-rt-amd64', 'amd64', String.raw`6\.12\.\d+\+deb12-rt-amd64`),
  K612arm64: debian12('6.12.117+deb12-arm64', 'arm64', String.raw`6\.12\.\d+\+deb12-arm64`),
  K61arm64: debian12('6.1.0-50-arm64', 'arm64', String.raw`6\.1\.0-\d+-arm64`),
  // 32-bit and big-endian kernels, both with DWARF and without BTF.
  K61armhf: debian12('6.1.0-50-armmp', 'armhf', String.raw`6\.1\.0-\d+-armmp`),
  K61s390x: debian12('6.1.0-50-s390x', 's390x', String.raw`6\.1\.0-\d+-s390x`),
  // It has more packages than before, and checks module BTF strictly.
  K72: {
    release: '7.2.13+deb14-cloud-amd64',
    suite: 'sid',
    architecture: 'amd64',
    packages: ['linux-binary', 'linux-modules', 'linux-base'].map(
      (part) => `${part}-7.2.13+deb14-cloud-amd64`,
    ),
    debug: 'linux-image-7.2.13+deb14-cloud-amd64-dbg',
    family: String.raw`linux-binary-.*-cloud-amd64`,
    byDefault: false,
  },
} as const satisfies Record<string, KernelEntry>;

export interface BareKernelEntry {
  /** As in `uname -r`. */
  readonly release: string;
  readonly suite: string;
  readonly architecture: string;
  /** The packages with the image and its modules. */
  readonly packages: readonly string[];
  /** Matches the name of `packages[0]` in other releases. */
  readonly family: string;
  /** The image is EFI zboot. */
  readonly isZboot?: boolean;
}

function debian13(release: string, architecture: string, flavour: string): BareKernelEntry {
  return {
    release: `${release}-${flavour}`,
    suite: 'trixie',
    architecture,
    packages: [`linux-image-${release}-${flavour}`],
    family: String.raw`linux-image-6\.12\.\d+\+deb13-${flavour}`,
  };
}

/**
 * Kernels to boot without their debug information, by name: with architectures and page sizes that
 * none of the others has. A package with debug information takes a gigabyte.
 */
export const bareKernels = {
  K612ppc64le: debian13('6.12.107+deb13', 'ppc64el', 'powerpc64le'),
  K612riscv64: debian13('6.12.117+deb13', 'riscv64', 'riscv64'),
  K612s390x: debian13('6.12.107+deb13', 's390x', 's390x'),
  K612arm64p16k: debian13('6.12.117+deb13', 'arm64', 'arm64-16k'),
  // Without BTF inside.
  K72loong64: {
    release: '7.2.13+deb14-loong64',
    suite: 'sid',
    architecture: 'loong64',
    packages: ['linux-binary', 'linux-modules'].map((part) => `${part}-7.2.13+deb14-loong64`),
    family: String.raw`linux-binary-.*-loong64`,
    isZboot: true,
  },
} as const satisfies Record<string, BareKernelEntry>;

export type BareKernelName = keyof typeof bareKernels;

export interface ImageEntry {
  readonly suite: string;
  readonly architecture: string;
  readonly package: string;
  /** Matches the name of the package in other releases. */
  readonly family: string;
}

/**
 * Packages whose kernel has another packing than those above; without debug information, by name.
 */
export const images = {
  // An Image in memory form.
  arm64: {
    suite: 'sid',
    architecture: 'arm64',
    package: 'linux-binary-7.2.13+deb14-arm64',
    family: String.raw`linux-binary-.*-arm64`,
  },
  // EFI zboot, with zstd.
  loong64: {
    suite: 'sid',
    architecture: 'loong64',
    package: 'linux-binary-7.2.13+deb14-loong64',
    family: String.raw`linux-binary-.*-loong64`,
  },
  // Its kernel is a program, /usr/bin/linux.uml.
  uml: {
    suite: 'sid',
    architecture: 'amd64',
    package: 'user-mode-linux',
    family: 'user-mode-linux',
  },
} as const satisfies Record<string, ImageEntry>;

export type ImageName = keyof typeof images;

export type KernelName = keyof typeof kernels;

export interface HeadersEntry {
  readonly release: string;
  readonly suite: string;
  /** Matches the name of the headers' package in other releases. */
  readonly family: string;
}

/** Headers for building modules, by the version of the kernel. */
export const headers = {
  '6.1': {
    release: kernels.K61.release,
    suite: 'bookworm',
    family: String.raw`linux-headers-6\.1\.0-\d+-amd64`,
  },
  '6.12': {
    release: kernels.K612.release,
    suite: 'bookworm',
    family: String.raw`linux-headers-6\.12\.\d+\+deb12-cloud-amd64`,
  },
  '7.2': {
    release: kernels.K72.release,
    suite: 'sid',
    family: String.raw`linux-headers-.*-cloud-amd64`,
  },
} as const satisfies Record<string, HeadersEntry>;

export type HeadersName = keyof typeof headers;
export const headersNames = Object.keys(headers) as HeadersName[];

/** Fetched with the default set; other kernels need the first two. */
export const tools = {
  // 1.28 and newer encode global variables; Debian 12's is 1.24.
  pahole: { name: 'pahole', suite: 'trixie', packages: ['pahole'] },
  binutils: { name: 'binutils', suite: 'bookworm', packages: ['binutils'] },
  // Reads DWARF independently of our code.
  llvm: { name: 'llvm', suite: 'bookworm', packages: ['llvm-14'] },
  bpftool: { name: 'bpftool', suite: 'bookworm', packages: ['bpftool'] },
  // 1.7.0 (commit f5dcbae736e5): Debian 12's 1.1 distils and relocates no base.
  libbpf: { name: 'libbpf', suite: 'sid', packages: ['libbpf-dev', 'linux-libc-dev'] },
} as const satisfies Record<string, DebianProgram>;

export type ToolName = keyof typeof tools;

export const kernelNames = Object.keys(kernels) as KernelName[];
export const bareKernelNames = Object.keys(bareKernels) as BareKernelName[];
export const toolNames = Object.keys(tools) as ToolName[];
