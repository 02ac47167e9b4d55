import { chunksOf, FormatError, StreamReader, type Chunks, type Source } from '@btf-depot/bytes';
import { COMPRESSION_HEAD, compressionOf, decompress } from '@btf-depot/codec';
import { readElf } from '@btf-depot/elf';
import { bzImagePayload, zbootPayload, type Payload } from './boot-image.ts';
import { readCpio } from './cpio.ts';
import type { ArMember } from './ar.ts';
import { readControl, readDeb } from './deb.ts';
import { Budget, isLimit, UNPACK_LIMITS, type UnpackLimits } from './limits.ts';
import type { Member } from './member.ts';
import type { PackageInfo } from './package-info.ts';
import { readImage, releaseIn } from './raw-image.ts';
import { readRpm } from './rpm.ts';
import { embeddedStreams } from './embedded-streams.ts';
import { SNIFFED, sniff } from './sniff.ts';
import { isTar, readTar } from './tar.ts';
import { isDebug, wantedKind } from './wanted.ts';

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
  readonly name?: string;
}

export interface Unpacked<S extends Source> {
  readonly files: readonly FoundFile<S>[];
  /** The packages that were opened, from the outside to the inside. */
  readonly packages: readonly PackageInfo[];
}

/** Keeps a stream and gives it back for reading at random. A stream that throws is to be dropped. */
export type Store<S extends Source> = (chunks: AsyncIterable<Uint8Array>) => Promise<S>;

export interface UnpackOptions {
  readonly limits?: Partial<UnpackLimits>;
  /** That decompress at one time where a stream allows it; by default this one alone. */
  readonly threads?: number;
}

/** More kernels than any package has; those beyond are left. */
const KERNELS = 4;

/** Bytes of a `control` file; the largest have some ten thousand. */
const CONTROL_LIMIT = 64 * 1024;

const IN_PACKAGE = { isPackage: true };

/**
 * Finds in a file what the depot works on, whatever it is wrapped in. Of an archive only the
 * members that are wanted are unpacked: kernels, one module, one System.map. A package is not read
 * further than that, an archive by hand is read to its end.
 *
 * Throws FormatError: `unpack-nothing` where there is nothing of use in it, `…-limit` where it is
 * more than the limits allow, `…-truncated` and `…-corrupt` with the container's or the
 * compression's name.
 */
export async function unpack<S extends Source>(
  input: S,
  store: Store<S>,
  options: UnpackOptions = {},
): Promise<Unpacked<S>> {
  const run = new Unpacking(store, options);
  await run.open(input, { depth: 0 });
  return run.result(input);
}

interface Place {
  readonly depth: number;
  readonly name?: string;
}

class Unpacking<S extends Source> {
  readonly #files: FoundFile<S>[] = [];
  readonly #packages: PackageInfo[] = [];
  readonly #store: Store<S>;
  readonly #budget: Budget;
  readonly #threads: number;
  /** Why a member that looked wanted was not: said where nothing else was found. */
  #fault: FormatError | undefined;

  constructor(store: Store<S>, { limits, threads = 1 }: UnpackOptions) {
    this.#store = store;
    this.#budget = new Budget({ ...UNPACK_LIMITS, ...limits });
    this.#threads = threads;
  }

  result(input: S): Unpacked<S> {
    if (this.#files.length === 0) {
      if (this.#fault !== undefined) throw this.#fault;
      const start = Buffer.from(input.read(0, Math.min(8, input.size))).toString('hex');
      const message = `no kernel, module, BTF or System.map in ${input.size} bytes that begin with ${start || 'nothing'}`;
      throw new FormatError('unpack-nothing', message);
    }
    return { files: this.#files, packages: this.#packages };
  }

  async open(source: S, place: Place): Promise<void> {
    this.#budget.nest(place.depth);
    const container = sniff(source);
    switch (container) {
      case 'elf':
        this.#found(isModule(source) ? 'module' : 'elf', source, place);
        return;
      case 'btf':
      case 'system-map':
        this.#found(container, source, place);
        return;
      case 'deb':
        return this.#openDeb(source, place);
      case 'rpm':
        return this.#openRpm(source, place);
      case 'tar':
        return this.#members(readTar, this.#reader('tar', chunksOf(source)), place);
      case 'compressed':
        return this.#openStream(this.#unpacked(source), place);
      case 'bzimage':
        return this.#openPayload(source, bzImagePayload(source), place);
      case 'zboot':
        return this.#openPayload(source, zbootPayload(source), place);
      case 'raw':
        return this.#openRaw(source, place);
    }
  }

  #found(kind: FoundKind, source: S, { name }: Place): void {
    this.#files.push({ kind, source, ...(name !== undefined && { name }) });
  }

  async #openDeb(source: S, place: Place): Promise<void> {
    const { control, data } = readDeb(source);
    const info = await this.#controlOf(source, control);
    if (info) this.#packages.push(info);
    const reader = this.#reader('tar', this.#unpacked(source, data));
    await this.#members(readTar, reader, { ...place, depth: place.depth + 1 }, IN_PACKAGE);
  }

  async #controlOf(source: S, part: ArMember): Promise<PackageInfo | undefined> {
    const reader = this.#reader('tar', this.#unpacked(source, part));
    try {
      for await (const member of readTar(reader)) {
        this.#budget.member();
        if (!/^(\.\/)?control$/.test(member.name) || member.size > CONTROL_LIMIT) continue;
        const chunks: Uint8Array[] = [];
        for await (const chunk of member.content()) chunks.push(chunk);
        return readControl(Buffer.concat(chunks).toString('latin1'));
      }
      return undefined;
    } finally {
      await reader.close();
    }
  }

  async #openRpm(source: S, place: Place): Promise<void> {
    const { info, payload } = readRpm(source);
    if (info) this.#packages.push(info);
    const part = { offset: payload, size: source.size - payload };
    const reader = this.#reader('cpio', this.#unpacked(source, part));
    await this.#members(readCpio, reader, { ...place, depth: place.depth + 1 }, IN_PACKAGE);
  }

  /** Packages hold one build: with a kernel and a module, or the kernel's debug file, all is there. */
  #isPackageDone(): boolean {
    const kernel = this.#files.find(({ kind }) => kind === 'elf' || kind === 'image');
    if (!kernel) return false;
    return isDebug(kernel.name ?? '') || this.#files.some(({ kind }) => kind === 'module');
  }

  async #openStream(chunks: Chunks, place: Place): Promise<void> {
    const reader = this.#reader('tar', chunks);
    await reader.fill(SNIFFED);
    const inside = { ...place, depth: place.depth + 1 };
    if (isTar(reader.held())) await this.#members(readTar, reader, inside);
    else await this.open(await this.#keep(reader.rest()), inside);
  }

  async #openPayload(source: S, payload: Payload, place: Place): Promise<void> {
    const { compression, offset, length, size } = payload;
    const limit = this.#budget.mayUnpack(length);
    const packed = chunksOf(source, { offset, length });
    const chunks = decompress(compression, packed, { limit, size });
    const kernel = await this.#keep(this.#budget.unpacking(chunks));
    await this.open(kernel, { ...place, depth: place.depth + 1 });
  }

  /** A kernel as it is in memory, or something around a compressed kernel that nobody describes. */
  async #openRaw(source: S, place: Place): Promise<void> {
    this.#budget.nest(place.depth + 1);
    if (readImage(source)) {
      this.#found('image', source, place);
      return;
    }
    for (const { compression, offset } of embeddedStreams(source)) {
      const length = source.size - offset;
      const limit = this.#budget.mayUnpack(length);
      const packed = chunksOf(source, { offset, length });
      const chunks = decompress(compression, packed, { limit, trailing: 'ignore' });
      const before = this.#files.length;
      try {
        const kernel = await this.#keep(this.#budget.unpacking(chunks));
        const container = sniff(kernel);
        if (container === 'elf') this.#found('elf', kernel, place);
        else if (container === 'raw' && readImage(kernel)) this.#found('image', kernel, place);
        else this.#fault ??= withoutBtf(kernel);
      } catch (error) {
        if (!(error instanceof FormatError) || error.code === 'unpack-limit') throw error;
      }
      if (this.#files.length > before) return;
    }
  }

  async #members(
    read: (reader: StreamReader) => AsyncIterable<Member>,
    reader: StreamReader,
    place: Place,
    { isPackage } = { isPackage: false },
  ): Promise<void> {
    this.#budget.nest(place.depth + 1);
    try {
      for await (const member of read(reader)) {
        this.#budget.member();
        if (!member.isFile || !this.#isWanted(member)) continue;
        await this.#openMember(member, place.depth + 1);
        if (isPackage && this.#isPackageDone()) return;
      }
      // A compressed stream is whole only when it was read to its end.
      for (; await reader.fill(1);) reader.drop(reader.held().length);
    } finally {
      await reader.close();
    }
  }

  async #openMember(member: Member, depth: number): Promise<void> {
    const file = await this.#keep(member.content());
    try {
      await this.open(file, { depth, name: member.name });
    } catch (error) {
      if (!(error instanceof FormatError) || isLimit(error)) throw error;
      this.#fault ??= error;
    }
  }

  #isWanted({ name, size }: Member): boolean {
    const kind = wantedKind(name, size);
    const has = (found: FoundKind) => this.#files.some((file) => file.kind === found);
    switch (kind) {
      case 'kernel':
      case 'btf':
        return this.#files.length < KERNELS;
      case 'module':
      case 'system-map':
        return !has(kind);
      default:
        return kind !== undefined;
    }
  }

  /** What a compressed part of a source holds; the part itself where it is not compressed. */
  #unpacked(source: S, part = { offset: 0, size: source.size }): Chunks {
    const { offset, size: length } = part;
    const compression = compressionOf(source.read(offset, Math.min(length, COMPRESSION_HEAD)));
    const packed = chunksOf(source, { offset, length });
    if (!compression) return packed;
    const limit = this.#budget.mayUnpack(length);
    const threads = this.#threads;
    return this.#budget.unpacking(decompress(compression, packed, { limit, threads }));
  }

  #reader(section: string, chunks: Chunks): StreamReader {
    return new StreamReader(chunks, { section, code: `${section}-truncated` });
  }

  #keep(chunks: AsyncIterable<Uint8Array>): Promise<S> {
    return this.#store(this.#budget.storing(chunks));
  }
}

/** What to say where a kernel was found that is of no use, as those of armhf and s390x are. */
function withoutBtf(image: Source): FormatError | undefined {
  const release = releaseIn(image);
  if (release === undefined) return undefined;
  const message = `Linux ${release} is in it, without BTF: its vmlinux with debug information is needed`;
  return new FormatError('unpack-nothing', message);
}

/** Modules have room for the kernel's struct module; a vmlinux has not. */
function isModule(source: Source): boolean {
  return readElf(source).section('.gnu.linkonce.this_module') !== undefined;
}
