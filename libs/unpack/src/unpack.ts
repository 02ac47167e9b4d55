import { FormatError, type Source } from '@btf-depot/bytes';
import { UNPACK_LIMITS, type UnpackLimits } from './limits.ts';
import type { PackageInfo } from './packages/package-info.ts';
import type { PassedOver } from './passed-over.ts';
import { Unpacking } from './unpacking.ts';

/**
 * `elf`: a vmlinux; `image`: a kernel as in memory (`readImage`); `btf`: raw BTF; `module`: a .ko;
 * `system-map`: nm's list for a vmlinux.
 */
export type FoundKind = 'elf' | 'image' | 'btf' | 'module' | 'system-map';

export interface FoundFile<S extends Source> {
  readonly kind: FoundKind;
  /** The input itself, or the store's result for a stream. */
  readonly source: S;
  /** Its name in its archive: shown escaped, never used as a path. */
  readonly name?: string | undefined;
  /** The innermost package around it. */
  readonly package?: PackageInfo | undefined;
}

export interface Unpacked<S extends Source> {
  /** All kernels, and one module and one System.map of each release, in the order of the input. */
  readonly files: readonly FoundFile<S>[];
  /** The opened packages, from the outside to the inside. */
  readonly packages: readonly PackageInfo[];
  /** Files that looked useful, and why they were not used. */
  readonly passedOver: readonly PassedOver[];
}

/** Keeps a stream, and returns it for random reading. It must drop a stream that throws. */
export type Store<S extends Source> = (chunks: AsyncIterable<Uint8Array>) => Promise<S>;

export interface UnpackOptions {
  readonly limits?: Partial<UnpackLimits>;
  /** Threads for decompressing, if a stream allows it; by default only this one. */
  readonly threads?: number;
}

/**
 * Finds in a file what the depot works on, in any wrapping. From an archive it unpacks only wanted
 * members: kernels, and of each release (by names) one module and one System.map. It stops reading
 * a package that lists its files after the last wanted one, and reads everything else to the end.
 *
 * Throws FormatError: `unpack-nothing` if nothing useful is in it, `…-limit` above a limit,
 * `…-truncated` and `…-corrupt` with the name of the container or compression.
 */
export async function unpack<S extends Source>(
  input: S,
  store: Store<S>,
  { limits, threads = 1 }: UnpackOptions = {},
): Promise<Unpacked<S>> {
  const run = new Unpacking(store, { limits: { ...UNPACK_LIMITS, ...limits }, threads });
  await run.open(input, { depth: 0 });
  const { files, packages, passedOver } = run;
  if (files.length > 0) return { files, packages, passedOver };
  if (run.fault !== undefined) throw run.fault;
  const [first] = passedOver;
  const why = first ? `: ${first.reason}` : '';
  const message = `no kernel, module, BTF or System.map in ${input.size} bytes ${beginning(input)}${why}`;
  throw new FormatError('unpack-nothing', message);
}

/** For people: text as text, other bytes in hexadecimal. */
function beginning(input: Source): string {
  const head = Buffer.from(input.read(0, Math.min(96, input.size)));
  if (head.length === 0) return 'that begin with nothing';
  if (/^[\t\n\r -~]+$/.test(head.toString('latin1'))) {
    return `of text, ${JSON.stringify(head.toString('latin1'))}…`;
  }
  return `that begin with ${head.subarray(0, 8).toString('hex')}`;
}
