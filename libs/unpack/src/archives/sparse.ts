import { FormatError, type StreamReader } from '@btf-depot/bytes';

/** A run of a sparse file that the archive contains; the rest of the file is zeros. */
export interface Run {
  readonly offset: number;
  readonly length: number;
}

/** A header's description of a sparse file (GNU tar's manual, "Storing Sparse Files"). */
export interface Sparse {
  /** Bytes of the original file. */
  readonly size: number;
  /** Undefined: decimal lines before the data give the runs (PAX, 1.0). */
  readonly runs?: readonly Run[] | undefined;
}

const BLOCK = 512;

/** More than any file has whose holes a file system made. */
const RUNS_LIMIT = 65_536;

/** Size of a file's holes divided by its data, above 64 MiB: kernels have few. */
const HOLES_RATIO = 20;
const HOLES_FROM = 64 * 2 ** 20;

/**
 * The file, its holes filled with zeros.
 * @param stored its bytes in the archive, with any map in them.
 */
export async function* filled(
  reader: StreamReader,
  { size, runs }: Sparse,
  stored: number,
): AsyncGenerator<Uint8Array> {
  const start = reader.position;
  const places = runs ?? (await readRuns(reader));
  const data = stored - (reader.position - start);
  let at = 0;
  let total = 0;
  for (const { offset, length } of places) {
    if (offset < at || offset + length > size) throw corrupt('runs that overlap', reader);
    at = offset + length;
    total += length;
  }
  if (total !== data) throw corrupt(`runs of ${total} bytes in ${data}`, reader);
  if (size - total > Math.max(HOLES_FROM, total * HOLES_RATIO)) {
    throw new FormatError('tar-limit', `a sparse file of ${size} bytes with ${total} in it`, {
      section: 'tar',
      offset: reader.position,
    });
  }
  at = 0;
  for (const { offset, length } of places) {
    yield* zeros(offset - at);
    yield* reader.take(length);
    at = offset + length;
  }
  yield* zeros(size - at);
}

/** Old GNU: four runs in the header, and 21 in each following block that is announced. */
export async function readOldRuns(
  reader: StreamReader,
  header: Uint8Array,
  number: (bytes: Uint8Array, at: number) => number,
): Promise<Run[]> {
  const runs: Run[] = [];
  const take = (bytes: Uint8Array, from: number, count: number) => {
    for (let at = from; at < from + count * 24; at += 24) {
      const run = { offset: number(bytes, at), length: number(bytes, at + 12) };
      if (run.length > 0) runs.push(run);
    }
  };
  take(header, 386, 4);
  for (let isMore = header[482] === 1; isMore;) {
    if (runs.length > RUNS_LIMIT) throw corrupt('too many runs', reader);
    const block = await reader.read(BLOCK);
    take(block, 0, 21);
    isMore = block[504] === 1;
  }
  return runs;
}

/** The number of runs, then offset and length of each, one per line, up to the end of a block. */
async function readRuns(reader: StreamReader): Promise<Run[]> {
  let text = '';
  const numbers: number[] = [];
  const next = async (): Promise<number> => {
    // A line may continue in the next block, but no further.
    for (let blocks = 0; !text.includes('\n'); blocks++) {
      if (blocks > 1) throw corrupt('no map of a sparse file', reader);
      text += Buffer.from(await reader.read(BLOCK)).toString('latin1');
    }
    const end = text.indexOf('\n');
    const digits = text.slice(0, end);
    if (!/^\d{1,15}$/.test(digits)) throw corrupt('no map of a sparse file', reader);
    text = text.slice(end + 1);
    return Number(digits);
  };
  const count = await next();
  if (count > RUNS_LIMIT) throw corrupt('too many runs', reader);
  for (let i = 0; i < 2 * count; i++) numbers.push(await next());
  return runsOf(numbers);
}

/** Offset and length in turn. */
export function runsOf(numbers: readonly number[]): Run[] {
  return Array.from({ length: numbers.length >> 1 }, (_, i) => ({
    offset: numbers[2 * i] ?? 0,
    length: numbers[2 * i + 1] ?? 0,
  }));
}

function* zeros(count: number): Generator<Uint8Array> {
  const some = new Uint8Array(Math.min(count, 256 * 1024));
  for (let left = count; left > 0; left -= some.length) yield some.subarray(0, left);
}

function corrupt(message: string, reader: StreamReader): FormatError {
  return new FormatError('tar-corrupt', `sparse: ${message}`, {
    section: 'tar',
    offset: reader.position,
  });
}
