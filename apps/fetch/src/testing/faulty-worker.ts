/**
 * Replaces the kernel thread: answers with the question's name, and hangs or takes all memory if
 * the name says so. A kernel whose build ID begins with `dead` hangs when it is opened; all others
 * are open.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { Asked, Reply, Request, ThreadData } from '../kernels/messages.ts';

const { running } = workerData as ThreadData;

parentPort?.on('message', (request: Request) => {
  if (request.do === 'open') {
    running[0] = request.id;
    hang();
  } else if (request.do === 'ask') {
    if (request.key.startsWith('dead')) send({ id: request.asked.id, took: 0, closed: true });
    else answer(request.asked);
  }
});

function answer({ id, question }: Asked): void {
  const name = question.do === 'variable' ? question.name : '';
  running[0] = id;
  running[1]++;
  if (name === 'hang') hang();
  if (name === 'eat') eat();
  const bytes = new TextEncoder().encode(name);
  send({ id, took: 1, made: { bytes, sha256: '', next: undefined } });
  running[0] = 0;
}

function send(reply: Reply): void {
  parentPort?.postMessage(reply);
}

function hang(): never {
  for (;;);
}

function eat(): never {
  const all: number[][] = [];
  for (;;) all.push(Array.from({ length: 10_000 }, (_, at) => at / 3));
}
