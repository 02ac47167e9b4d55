import { FormatError, type Source } from '@btf-depot/bytes';
import { UNPACK_LIMITS, type UnpackLimits } from './limits.ts';
import type { PackageInfo } from './package-info.ts';
import type { PassedOver } from './passed-over.ts';
import { Unpacking } from './unpacking.ts';

/**
 * `elf`: a vmlinux; `image`: a kernel as it lies in memory (`readImage`); `btf`: raw BTF;
 * `module`: a .ko; `system-map`: what nm says of a vmlinux.
 */
export type FoundKind = 'elf' | 'image' | 'btf' | 'module' | 'system-map';

export interface FoundFile<S extends Source> {
  readonly kind: FoundKind;
  /** The input itself, or what the store made of a stream. */
  readonly source: S;
  /** Its name in the archive it came from: to be shown escaped, never to be used as a path. */
  readonly name?: string | undefined;
  /** The innermost package that it lies in. */
  readonly package?: PackageInfo | undefined;
}

export interface Unpacked<S extends Source> {
  /** All kernels, one module and one System.map of a release, in the order in which they were found. */
  readonly files: readonly FoundFile<S>[];
  /** The packages that were opened, from the outside to the inside. */
  readonly packages: readonly PackageInfo[];
  /** What looked like something of use, and why it was not used. */
  readonly passedOver: readonly PassedOver[];
}

/** Keeps a stream and gives it back for reading at random. A stream that throws is to be dropped. */
export type Store<S extends Source> = (chunks: AsyncIterable<Uint8Array>) => Promise<S>;

export interface UnpackOptions {
  readonly limits?: Partial<UnpackLimits>;
  /** That decompress at one time where a stream allows it; by default this one alone. */
  readonly threads?: number;
}

/**
 * Finds in a file what the depot works on, whatever it is wrapped in. Of an archive only the
 * members that are wanted are unpacked: kernels, and of each release, as far as names tell it, one
 * module and one System.map. A package that lists its files is not read further than the last of
 * these, all else is read to its end.
 *
 * Throws FormatError: `unpack-nothing` if there is nothing of use in it, `…-limit` where it is more
 * than the limits allow, `…-truncated` and `…-corrupt` with the container's or the compression's
 * name.
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

/** As a person would say it: text as text, all else in hexadecimal. */
function beginning(input: Source): string {
  const head = Buffer.from(input.read(0, Math.min(96, input.size)));
  if (head.length === 0) return 'that begin with nothing';
  if (/^[\t\n\r -~]+$/.test(head.toString('latin1'))) {
    return `of text, ${JSON.stringify(head.toString('latin1'))}…`;
  }
  return `that begin with ${head.subarray(0, 8).toString('hex')}`;
}
