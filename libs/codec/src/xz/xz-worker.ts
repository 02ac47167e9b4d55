/** Runs in a thread of XzThreads: decodes blocks, one after the other. */
import { parentPort } from 'node:worker_threads';
import { FormatError } from '@btf-depot/bytes';
import { LiblzmaDecoder } from './liblzma-decoder.ts';

export interface Question {
  /** An .xz stream of one block, without its end. */
  readonly stream: Uint8Array<ArrayBuffer>;
  /** Its index and footer. */
  readonly end: Uint8Array;
  /** Bytes that come out, which the block's header states. */
  readonly size: number;
}

export type Answer = { bytes: Uint8Array<ArrayBuffer> } | { code: string; message: string };

async function decode({ stream, end, size }: Question): Promise<Uint8Array<ArrayBuffer>> {
  using decoder = await LiblzmaDecoder.start('xz');
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const piece of decoder.decode(stream)) {
    bytes.set(piece, at);
    at += piece.length;
  }
  decoder.finish(end);
  return bytes;
}

async function answer(question: Question): Promise<void> {
  try {
    const bytes = await decode(question);
    parentPort?.postMessage({ bytes } satisfies Answer, [bytes.buffer]);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    const { code, message } = error;
    parentPort?.postMessage({ code, message } satisfies Answer);
  }
}

// Answers keep the order of the questions: only liblzma's start is asynchronous.
parentPort?.on('message', (question: Question) => void answer(question));
