import { chunksOf, FormatError, StreamReader, type Chunks, type Source } from '@btf-depot/bytes';
import { COMPRESSION_HEAD, compressionOf, decompress } from '@btf-depot/codec';
import { ElfType, readElf, SectionType } from '@btf-depot/elf';
import { readCpio } from './archives/cpio.ts';
import { embeddedStreams } from './images/embedded-streams.ts';
import type { ImageFormat, Part, Piece, Tools } from './format.ts';
import { STREAM_FORMATS } from './formats/index.ts';
import { HardLinks } from './archives/hard-links.ts';
import { Budget, isLimit, type UnpackLimits } from './limits.ts';
import { Listing } from './listing.ts';
import type { Member } from './member.ts';
import type { PackageInfo } from './packages/package-info.ts';
import { PassedOverList } from './passed-over.ts';
import { readImage, releaseIn } from './images/raw-image.ts';
import { SNIFFED, sniff } from './sniff.ts';
import type { FoundFile, FoundKind, Store } from './unpack.ts';
import { isDebug, releaseInName, SMALLEST_MAP, wantedKind } from './wanted.ts';

interface Place {
  readonly depth: number;
  readonly name?: string | undefined;
  /** Wanted by its name; if the content is something else, it is passed over. */
  readonly isModule?: boolean;
  /** The innermost package around it. */
  readonly package?: PackageInfo | undefined;
}

/** Members of an archive, read from its start each time. */
type Members = (tools: Tools) => AsyncIterable<Member>;

/** One run of `unpack`. */
export class Unpacking<S extends Source> {
  readonly files: FoundFile<S>[] = [];
  readonly packages: PackageInfo[] = [];
  /** Why a member that looked wanted was not taken; reported if nothing else was found. */
  fault: FormatError | undefined;
  readonly #passedOver = new PassedOverList();
  readonly #store: Store<S>;
  readonly #budget: Budget;
  readonly #threads: number;

  constructor(store: Store<S>, { limits, threads }: { limits: UnpackLimits; threads: number }) {
    this.#store = store;
    this.#budget = new Budget(limits);
    this.#threads = threads;
  }

  get passedOver() {
    return this.#passedOver.entries;
  }

  async open(source: S, place: Place): Promise<void> {
    this.#budget.nest(place.depth);
    const found = sniff(source);
    switch (found) {
      case 'elf':
        this.#openElf(source, place);
        return;
      case 'btf':
      case 'system-map':
        this.#found(found, source, place);
        return;
      case 'compressed':
        return this.#openCompressed(source, place);
      case 'raw':
        return this.#openRaw(source, place);
    }
    switch (found.kind) {
      case 'archive':
        return this.#openArchive((tools) => found.members(source, tools), place);
      case 'stream':
        return this.#openArchive((tools) => {
          return found.members(tools.reader(found.name, source), tools);
        }, place);
      case 'image':
        return this.#openImage(source, found, place);
    }
  }

  #found(kind: FoundKind, source: S, { name, isModule, package: about }: Place): void {
    if (isModule && kind !== 'module') {
      this.#passedOver.add('not-a-module', 'it is named like a module and is not one', name);
    } else if (kind !== 'module' && kind !== 'system-map' && !this.#hasRoom(name)) return;
    else this.files.push({ kind, source, name, package: about });
  }

  #openElf(source: S, place: Place): void {
    const section = readElf(source).section('.gnu.linkonce.this_module');
    if (section?.type === SectionType.NOBITS) {
      this.#passedOver.add('debug-module', 'debug information of a module', place.name);
    } else this.#found(section ? 'module' : 'elf', source, place);
  }

  /** Whether one more kernel is accepted. */
  #hasRoom(name: string | undefined): boolean {
    const kernels = this.files.filter(({ kind }) => kind !== 'module' && kind !== 'system-map');
    if (kernels.length < this.#budget.kernels) return true;
    const reason = `more than ${this.#budget.kernels} kernels`;
    this.#passedOver.add('too-many-kernels', reason, name);
    return false;
  }

  async #openCompressed(source: S, place: Place): Promise<void> {
    const inside = { ...place, depth: place.depth + 1 };
    const whole = { offset: 0, length: source.size };
    const reader = this.#reader('tar', this.#unpacked(source, whole, place.name));
    await reader.fill(SNIFFED);
    const head = reader.held();
    const format = STREAM_FORMATS.find((one) => one.begins(head));
    if (!format) return this.open(await this.#keep(reader.rest()), inside);
    let first: StreamReader | undefined = reader;
    await this.#openArchive((tools) => {
      const again = first ?? tools.reader('tar', source, whole);
      first = undefined;
      return format.members(again, tools);
    }, inside);
  }

  async #openImage(source: S, format: ImageFormat, place: Place): Promise<void> {
    const inside = { ...place, depth: place.depth + 1 };
    this.#budget.nest(inside.depth);
    const pieces = this.#piecesOf(source, format, place);
    for (const piece of pieces) {
      if (piece.kind === 'kernel') await this.#openPiece(source, piece, inside);
      else await this.#openInitramfs(source, piece, inside);
    }
    if (pieces.length === 0 && format.isLoose) await this.#openRaw(source, place);
  }

  #piecesOf(source: S, format: ImageFormat, place: Place): Piece[] {
    try {
      return [...format.pieces(source, this.#tools(place))];
    } catch (error) {
      if (!(error instanceof FormatError) || !format.isLoose) throw error;
      this.fault ??= error;
      return [];
    }
  }

  async #openPiece(source: S, piece: Piece, place: Place): Promise<void> {
    const packed = chunksOf(source, piece);
    const compression = compressionIn(source, piece);
    const limit = this.#budget.mayUnpack(piece.length);
    const options = { limit, size: piece.size, trailing: 'pass' } as const;
    const chunks = compression
      ? this.#budget.unpacking(decompress(compression, packed, options))
      : packed;
    await this.open(await this.#keep(chunks), { ...place, name: place.name ?? piece.name });
  }

  async #openInitramfs(source: S, part: Part, place: Place): Promise<void> {
    const members = (tools: Tools) =>
      readCpio(tools.reader('cpio', source, part), { isInitramfs: true });
    await this.#openArchive(members, place);
  }

  /** A kernel as in memory, or an unknown container with a compressed kernel inside. */
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
      const before = this.files.length;
      try {
        const kernel = await this.#keep(this.#budget.unpacking(chunks));
        this.#openEmbedded(kernel, place);
      } catch (error) {
        if (!(error instanceof FormatError) || error.code === 'unpack-limit') throw error;
      }
      if (this.files.length > before) return;
    }
    const why = withoutBtf(source);
    if (why) this.#isOfNoUse(why, place.name);
  }

  /** A find that only its bytes identify as a kernel: a module beside one may be found first. */
  #openEmbedded(file: S, place: Place): void {
    const what = sniff(file);
    const isKernel = what === 'elf' && readElf(file).header.type !== ElfType.REL;
    if (isKernel) this.#found('elf', file, place);
    else if (what === 'raw' && readImage(file)) this.#found('image', file, place);
    else if (what === 'raw') this.#isOfNoUse(withoutBtf(file), place.name);
    else if (what === 'elf') {
      this.#passedOver.add(
        'not-a-kernel',
        'a module or an object file inside an image',
        place.name,
      );
    }
  }

  #isOfNoUse(fault: FormatError | undefined, name: string | undefined): void {
    if (!fault) return;
    this.fault ??= fault;
    this.#passedOver.add(
      fault.code === 'unpack-nothing' ? 'without-btf' : fault.code,
      fault.message,
      name,
    );
  }

  /** Reads an archive, then again for the bytes behind wanted hard links. */
  async #openArchive(members: Members, place: Place): Promise<void> {
    this.#budget.nest(place.depth + 1);
    let listing: Listing | undefined;
    let within = place;
    const tools: Tools = {
      ...this.#tools(place),
      isPackage: (info) => {
        if (!info) return;
        this.packages.push(info);
        within = { ...place, package: info };
      },
      lists: (names) => {
        listing = new Listing(names);
      },
    };
    const links = new HardLinks();
    for await (const member of members(tools)) {
      this.#budget.member();
      await this.#look(member, links, within);
      if (member.isFile || member.link !== undefined) {
        for (const name of [member.name, ...(member.aliases ?? [])]) listing?.see(name);
      }
      if (listing?.isDone((release) => this.#has('module', release))) break;
    }
    if (links.left.size > 0) await this.#takeLinked(members, links, within);
  }

  async #look(member: Member, links: HardLinks, place: Place): Promise<void> {
    const { name, link } = member;
    if (member.isInner) return this.#openMember(member, undefined, place);
    if (link !== undefined) {
      links.add(name, link, this.#wantedOf(name));
      return;
    }
    if (!member.isFile) return;
    const wanted = [name, ...(member.aliases ?? [])].find((one) => this.#wantedOf(one));
    if (wanted === undefined) return;
    links.take(name);
    await this.#openMember(member, wanted, place);
  }

  async #takeLinked(members: Members, links: HardLinks, place: Place): Promise<void> {
    for await (const member of members(this.#quiet(place))) {
      const name = member.isFile ? links.wantedNameOf(member.name) : undefined;
      if (name === undefined) continue;
      links.take(member.name);
      if (this.#wantedOf(name)) await this.#openMember(member, name, place);
      if (links.left.size === 0) return;
    }
    for (const [target, name] of links.left) {
      const reason = `a hard link to ${JSON.stringify(target)}, which is not in the archive`;
      this.#passedOver.add('dangling-link', reason, name);
    }
  }

  async #openMember(member: Member, name: string | undefined, place: Place): Promise<void> {
    const kind = name === undefined ? undefined : wantedKind(name);
    if (kind === 'system-map' && member.size < SMALLEST_MAP) {
      const reason = `it is not a System.map: its ${member.size} bytes say where one is`;
      this.#passedOver.add('placeholder-map', reason, name);
      return;
    }
    if (kind === 'kernel' && !this.#hasRoom(name)) return;
    if (!this.#budget.mayStore(member.size)) {
      const fault = new FormatError(
        'unpack-limit',
        `${member.size} bytes are more than may be kept`,
      );
      this.fault ??= fault;
      this.#passedOver.add('too-large', fault.message, name);
      return;
    }
    const before = { files: this.files.length, passed: this.passedOver.length };
    const inside = { ...place, depth: place.depth + 1, name: name ?? member.name };
    const file = await this.#keep(member.content());
    try {
      await this.open(file, { ...inside, isModule: kind === 'module' });
    } catch (error) {
      if (!(error instanceof FormatError) || isLimit(error)) throw error;
      this.fault ??= error;
      const isKernel = kind === 'kernel' && sniff(file) === 'elf';
      this.#passedOver.add(error.code, error.message, inside.name, isKernel);
    }
    if (this.files.length > before.files || this.passedOver.length > before.passed) return;
    this.#passedOver.add('nothing-inside', 'no kernel, module, BTF or System.map', inside.name);
  }

  /** Whether to unpack a file of that name; if it only looks wanted, the reason is noted. */
  #wantedOf(name: string): boolean {
    const kind = wantedKind(name);
    if (kind === 'module' && isDebug(name)) {
      this.#passedOver.add('debug-module', 'debug information of a module', name);
      return false;
    }
    if ((kind === 'module' || kind === 'system-map') && !this.#wantsAnother(kind, name)) {
      const isModule = kind === 'module';
      const reason = isModule
        ? 'another module of the build was used'
        : 'another System.map was used';
      this.#passedOver.add(isModule ? 'another-module' : 'another-map', reason, name);
      return false;
    }
    return kind !== undefined;
  }

  /** One of each release, as far as names tell, and no more than the limit of kernels. */
  #wantsAnother(kind: 'module' | 'system-map', name: string): boolean {
    const count = this.files.filter((file) => file.kind === kind).length;
    return count < this.#budget.kernels && !this.#has(kind, releaseInName(name));
  }

  #has(kind: FoundKind, release: string | undefined): boolean {
    return this.files.some(
      (file) => file.kind === kind && releaseInName(file.name ?? '') === release,
    );
  }

  #tools({ name: within }: Place): Tools {
    return {
      reader: (section, source, part) =>
        this.#reader(section, this.#unpacked(source, part, within)),
      unpacking: (section, member) => this.#reader(section, this.#unpackedMember(member)),
      isPackage: () => undefined,
      lists: () => undefined,
      member: () => this.#budget.member(),
      passOver: (code, reason, name = within) => this.#passedOver.add(code, reason, name),
    };
  }

  /** The tools of the second pass, which reports nothing: the first one did. */
  #quiet(place: Place): Tools {
    return { ...this.#tools(place), passOver: () => undefined };
  }

  /** The content of a part of a source, decompressed if needed. */
  #unpacked(source: Source, part?: Part, name?: string): Chunks {
    const { offset, length } = part ?? { offset: 0, length: source.size };
    const head = source.read(offset, Math.min(length, COMPRESSION_HEAD));
    return this.#decompressed(head, chunksOf(source, { offset, length }), length, name);
  }

  async *#unpackedMember(member: Member): AsyncGenerator<Uint8Array> {
    const packed = this.#reader('tar', member.content());
    await packed.fill(COMPRESSION_HEAD);
    yield* this.#decompressed(packed.held(), packed.rest(), member.size, member.name);
  }

  #decompressed(head: Uint8Array, packed: Chunks, length: number, name?: string): Chunks {
    const compression = compressionOf(head.subarray(0, COMPRESSION_HEAD));
    if (!compression) return packed;
    const onTrailing = () =>
      this.#passedOver.add('trailing-bytes', `bytes behind the end of the ${compression}`, name);
    const limit = this.#budget.mayUnpack(length);
    const options = { limit, threads: this.#threads, trailing: 'pass', onTrailing } as const;
    return this.#budget.unpacking(decompress(compression, packed, options));
  }

  #reader(section: string, chunks: Chunks): StreamReader {
    return new StreamReader(chunks, { section, code: `${section}-truncated` });
  }

  #keep(chunks: Chunks): Promise<S> {
    return this.#store(this.#budget.storing(chunks));
  }
}

/** The bytes decide, more reliably than a header; for LZMA, which has no magic, the header does. */
function compressionIn(source: Source, { offset, length, compression }: Piece) {
  const head = source.read(offset, Math.min(length, COMPRESSION_HEAD));
  const known = compressionOf(head);
  return known === undefined || known === 'lzma' ? (compression ?? known) : known;
}

/** The message if a useless kernel was found, such as those of armhf and s390x. */
function withoutBtf(image: Source): FormatError | undefined {
  const release = releaseIn(image);
  if (release === undefined) return undefined;
  const message = `it contains Linux ${release} without BTF; send its vmlinux with debug information`;
  return new FormatError('unpack-nothing', message);
}
