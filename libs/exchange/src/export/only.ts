import type { KernelSummary } from '@btf-depot/contracts';

const OF_KERNEL = ['distro', 'release', 'arch', 'buildId'] as const;
const KEYS = [...OF_KERNEL, 'artifact'] as const;

type Key = (typeof KEYS)[number];

/** Chooses kernels of a depot: for each given key, one of its patterns must match. */
export class Only {
  readonly #patterns = new Map<Key, RegExp[]>();

  /**
   * @param texts `KEY=PATTERN`, such as `arch=x86_64` or `release=6.12.*`; `*` stands for any
   *   characters, `?` for one.
   * @throws RangeError for anything else.
   */
  constructor(texts: readonly string[] = []) {
    for (const text of texts) {
      const at = text.indexOf('=');
      const key = KEYS.find((one) => one === text.slice(0, Math.max(at, 0)));
      if (key === undefined) {
        throw new RangeError(
          `${text}: expected KEY=PATTERN, where KEY is one of ${KEYS.join(', ')}`,
        );
      }
      const patterns = this.#patterns.get(key) ?? [];
      this.#patterns.set(key, [...patterns, globPattern(text.slice(at + 1))]);
    }
  }

  /** Whether artifacts are chosen: then a kernel's internal parts are left out too. */
  get choosesArtifacts(): boolean {
    return this.#patterns.has('artifact');
  }

  takes(kernel: Partial<Pick<KernelSummary, (typeof OF_KERNEL)[number]>>): boolean {
    return OF_KERNEL.every((key) => this.#holds(key, kernel[key] ?? ''));
  }

  takesArtifact(name: string): boolean {
    return this.#holds('artifact', name);
  }

  #holds(key: Key, text: string): boolean {
    const patterns = this.#patterns.get(key);
    return patterns === undefined || patterns.some((pattern) => pattern.test(text));
  }
}

/** The whole text, with `*` for any characters and `?` for one. */
export function globPattern(glob: string): RegExp {
  // Repeated `*` mean the same as one, and would make refusals slow.
  const source = glob
    .replace(/\*+/g, '*')
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's');
}
