/** Runs in a worker thread: keeps kernels open and answers questions about them. */
import { parentPort, workerData } from 'node:worker_threads';
import { DepotError, openSites, openVariables } from '@btf-depot/depot';
import { answerQuestion, answerSites } from './answer-question.ts';
import type { OpenedParts, Question, Reply, Request } from './messages.ts';

interface Opened {
  /** Bytes. */
  memory: number;
  answer: (buildId: string, question: Question) => Uint8Array;
}

const { maxBytes } = workerData as { maxBytes: number };

/** In the order of their last use. */
const opened = new Map<string, Opened>();
let memory = 0;

parentPort?.on('message', (request: Request) => {
  const reply = replyTo(request);
  parentPort?.postMessage(reply, 'bytes' in reply ? [reply.bytes.buffer as ArrayBuffer] : []);
});

function replyTo(request: Request): Reply {
  const { id, key } = request;
  try {
    if ('open' in request) {
      keep(key, opening(request.open));
      return { id, opened: true };
    }
    const kernel = opened.get(key);
    if (!kernel) return { id, closed: true };
    opened.delete(key);
    opened.set(key, kernel);
    const { buildId, question } = request;
    return { id, bytes: alone(kernel.answer(buildId, question)) };
  } catch (error) {
    if (error instanceof DepotError) {
      const { code, message, members } = error;
      return { id, refused: { code, detail: message, members } };
    }
    return { id, failed: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

function opening(open: OpenedParts): Opened {
  if (open.of === 'sites') {
    const source = openSites(open.parts);
    return {
      memory: source.memory,
      answer: (buildId, question) => {
        if (question.do !== 'sites') throw new TypeError(`${question.do} is asked of sites`);
        return answerSites(buildId, source, question);
      },
    };
  }
  const table = openVariables(open.parts);
  const hasVars = open.parts.vars !== undefined;
  return {
    memory: table.memory,
    answer: (buildId, question) => {
      if (question.do === 'sites') throw new TypeError('sites are asked of variables');
      return answerQuestion({ buildId, table, hasVars }, question);
    },
  };
}

/** The newest stays, however large it is: it was opened to be asked. */
function keep(key: string, kernel: Opened): void {
  close(key);
  opened.set(key, kernel);
  memory += kernel.memory;
  for (const oldest of opened.keys()) {
    if (memory <= maxBytes || oldest === key) break;
    close(oldest);
  }
}

function close(key: string): void {
  memory -= opened.get(key)?.memory ?? 0;
  opened.delete(key);
}

/** A buffer is handed over whole, so that no view of a larger one is. */
function alone(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
}
