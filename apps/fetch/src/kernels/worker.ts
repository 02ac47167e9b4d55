/** Runs in a worker thread: keeps kernels open and answers questions about them, in slices. */
import { parentPort, workerData } from 'node:worker_threads';
import {
  AnswerRoom,
  DepotError,
  openSites,
  openVariables,
  sha256Of,
  type Steps,
} from '@btf-depot/depot';
import { answerQuestion, answerSites, type Body } from './answer-question.ts';
import {
  isOfSites,
  type Asked,
  type Made,
  type OpenedParts,
  type Question,
  type Reply,
  type Request,
  type ThreadData,
} from './messages.ts';
import { OpenKernels, type OpenKernel } from './open-kernels.ts';
import { FairQueue } from './fair-queue.ts';

/** Milliseconds after which another client has its turn. */
const SLICE = 5;

interface Task {
  id: number;
  steps: Steps<{ made: Made } | { opened: true }>;
  room: AnswerRoom;
  /** Milliseconds of the processor so far. */
  took: number;
  isOver: boolean;
}

const { maxBytes, answer, questionTime, running } = workerData as ThreadData;
const kernels = new OpenKernels(maxBytes);
const turns = new FairQueue<Task>();
/** Unanswered questions, by id. */
const tasks = new Map<number, Task>();
let isScheduled = false;

parentPort?.on('message', (request: Request) => {
  switch (request.do) {
    case 'ask': {
      const kernel = kernels.get(request.key);
      if (kernel) ask(kernel, request.asked);
      else send({ id: request.asked.id, took: 0, closed: true });
      break;
    }
    case 'open':
      add(request.client, request.id, () => opening(request));
      break;
    case 'join': {
      const task = tasks.get(request.id);
      if (task) turns.add(request.client, task);
      break;
    }
    case 'forget': {
      const task = tasks.get(request.id);
      if (task) end(task);
    }
  }
});

function ask(kernel: OpenKernel, { id, client, buildId, question }: Asked): void {
  add(client, id, (room) => answering(kernel.answer(buildId, question, room)));
}

function add(client: string, id: number, steps: (room: AnswerRoom) => Task['steps']): void {
  const room = new AnswerRoom(answer);
  const task = { id, steps: steps(room), room, took: 0, isOver: false };
  tasks.set(id, task);
  turns.add(client, task);
  schedule();
}

function* answering(steps: Steps<Body>): Task['steps'] {
  const { bytes, next } = yield* steps;
  const sha256 = sha256Of(bytes);
  return { made: { bytes: alone(bytes), sha256, next } };
}

/** One step, which has its turn as any other. */
function* opening({ key, open, asked }: Request & { do: 'open' }): Task['steps'] {
  const kernel = openKernel(open);
  kernels.keep(key, kernel);
  for (const one of asked) ask(kernel, one);
  return { opened: true };
}

function openKernel(open: OpenedParts): OpenKernel {
  if (open.of === 'sites') {
    const source = openSites(open.parts);
    return {
      memory: source.memory,
      answer: (buildId: string, question: Question, room) => {
        if (!isOfSites(question)) throw new TypeError(`${question.do} is asked of sites`);
        return answerSites(buildId, source, question, room);
      },
    };
  }
  const table = openVariables(open.parts);
  const hasVars = open.parts.vars !== undefined;
  return {
    memory: table.memory,
    answer: (buildId, question, room) => {
      if (isOfSites(question)) throw new TypeError(`${question.do} is asked of variables`);
      return answerQuestion({ buildId, table, hasVars }, question, room);
    },
  };
}

/** The turn of one task; then new messages are read before the next. */
function schedule(): void {
  if (isScheduled) return;
  isScheduled = true;
  setImmediate(() => {
    isScheduled = false;
    const next = turns.next();
    if (!next) return;
    const [client, task] = next;
    if (!task.isOver) turn(client, task);
    schedule();
  });
}

function turn(client: string, task: Task): void {
  running[0] = task.id;
  const started = processorTime();
  let ran = 0;
  try {
    while (ran < SLICE) {
      running[1]++;
      const step = task.steps.next();
      const time = processorTime() - started - ran;
      ran += time;
      task.room.ran(time);
      if (step.done) {
        finish(client, task, ran, step.value);
        return;
      }
    }
    if (task.took + ran > questionTime) {
      throw new DepotError(
        'time-limit',
        `the answer takes more than ${questionTime / 1000} s; ask for less`,
      );
    }
    task.took += ran;
    turns.ran(client, ran);
    turns.again(client, task);
  } catch (error) {
    finish(client, task, processorTime() - started, failureOf(error));
  } finally {
    running[0] = 0;
  }
}

type WithoutId<T> = T extends unknown ? Omit<T, 'id' | 'took'> : never;
type Outcome = WithoutId<Reply>;

function finish(client: string, task: Task, ran: number, outcome: Outcome): void {
  turns.ran(client, ran);
  end(task);
  send({ ...outcome, id: task.id, took: task.took + ran });
}

function end(task: Task): void {
  task.isOver = true;
  tasks.delete(task.id);
}

function send(reply: Reply): void {
  const transfer = 'made' in reply ? [reply.made.bytes.buffer as ArrayBuffer] : [];
  parentPort?.postMessage(reply, transfer);
}

function failureOf(error: unknown): Outcome {
  if (error instanceof DepotError) {
    const { code, message, members } = error;
    return { refused: { code, detail: message, members } };
  }
  return { failed: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

/** Milliseconds of this thread: on a busy machine, time passes without work. */
function processorTime(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** A buffer is transferred whole, so it must not be shared by other views. */
function alone(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
}
