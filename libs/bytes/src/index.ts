// What every format library uses to read and write bytes: random access without holding a file,
// checked cursors over bytes and streams, a growing writer, and the one error for malformed input.
//
// To add a kind of source (a file, a range of a server): an object with the members of Source
// (source.ts); libs/compute has that of files. To add a primitive: reader.ts and writer.ts both.
export { FormatError, formatWhere, type Where } from './format-error.ts';
export { ByteReader, type Endian, type ReaderOptions } from './reader.ts';
export { bytesSource, checkRange, sliceSource, type Source } from './source.ts';
export {
  chunksOf,
  StreamReader,
  type Chunks,
  type ChunksOptions,
  type StreamReaderOptions,
} from './stream-reader.ts';
export { ByteWriter } from './writer.ts';
