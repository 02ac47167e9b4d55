import net from 'node:net';
import tls from 'node:tls';
import type { Allocate, BlobLoad } from '@btf-depot/depot';
import { readHead } from './answer-head.ts';

/** Bytes that the head of an answer may have. */
const MAX_HEAD = 16 * 1024;

/** Milliseconds after which an idle connection is closed: a router may have forgotten it. */
const IDLE = 30_000;

/**
 * A connection to an HTTP server for one GET after the other, which reads each body into its final
 * memory.
 */
export class Connection {
  readonly #socket: net.Socket;
  readonly #silenceMs: number;
  readonly #head = Buffer.allocUnsafeSlow(MAX_HEAD);
  #headLength = 0;
  #asked: PromiseWithResolvers<BlobLoad | undefined> | undefined;
  #allocate: Allocate = (size) => Buffer.allocUnsafeSlow(size);
  #onFree: () => void = () => undefined;
  #load: Load | undefined;
  #keepsAlive = false;
  #wasSilent = false;

  /** @param silenceMs milliseconds that the server may be silent. */
  constructor({ protocol, hostname, port }: URL, silenceMs: number) {
    this.#silenceMs = silenceMs;
    const host = hostname.replace(/^\[|\]$/g, '');
    const onread = {
      buffer: () => this.#load?.room() ?? this.#head.subarray(this.#headLength),
      callback: (count: number) => {
        this.#take(count);
        return true;
      },
    };
    const isTls = protocol === 'https:';
    const options = { host, port: Number(port || (isTls ? 443 : 80)), onread };
    // A certificate names a host; an address has none.
    const servername = net.isIP(host) === 0 ? host : '';
    this.#socket = isTls ? tls.connect({ ...options, servername }) : net.connect(options);
    this.#socket.setNoDelay(true);
    this.#socket.setTimeout(silenceMs);
    this.#socket.on('timeout', () => {
      this.#wasSilent = true;
      const what = this.#load ? 'no byte came' : 'no answer';
      this.#fail(new Error(`${what} within ${silenceMs} ms`));
    });
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#fail(new Error('the store closed the connection early')));
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed;
  }

  /**
   * Whether another connection would do no better: something of the answer came, or the server was
   * silent rather than closing the connection.
   */
  get isUsedUp(): boolean {
    return this.#headLength > 0 || this.#wasSilent;
  }

  /**
   * Requests an object; one at a time.
   * @param onFree called when the whole answer has come and the connection may be used again.
   * @returns once the head is there; undefined if it is not a plain object.
   */
  get(
    { pathname, search, host }: URL,
    allocate: Allocate,
    onFree: () => void,
  ): Promise<BlobLoad | undefined> {
    this.#allocate = allocate;
    this.#onFree = onFree;
    this.#asked = Promise.withResolvers();
    this.#socket.ref();
    this.#socket.setTimeout(this.#silenceMs);
    this.#socket.write(`GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    return this.#asked.promise;
  }

  end(): void {
    this.#socket.destroy();
  }

  #take(count: number): void {
    if (this.#load) {
      this.#load.take(count);
    } else if (this.#asked) {
      this.#headLength += count;
      this.#takeHead(this.#asked);
    } else {
      this.end();
    }
    if (this.#load?.isWhole === true) this.#finish();
  }

  #takeHead({ resolve }: PromiseWithResolvers<BlobLoad | undefined>): void {
    const came = this.#head.subarray(0, this.#headLength);
    const head = readHead(came);
    if (!head && came.length < MAX_HEAD) return;
    this.#asked = undefined;
    if (!head || head === 'other' || came.length - head.size > head.length) {
      this.end();
      resolve(undefined);
      return;
    }
    const body = came.subarray(head.size);
    this.#keepsAlive = head.keepsAlive;
    const load = new Load(this.#allocate(head.length), () => {
      // Afterwards the connection belongs to another request.
      if (this.#load === load) this.end();
    });
    this.#load = load;
    body.copy(load.bytes);
    load.take(body.length);
    resolve(load);
  }

  #finish(): void {
    this.#load = undefined;
    // Now, not at the next request: the socket asks for a buffer right after each read.
    this.#headLength = 0;
    if (!this.#keepsAlive) {
      this.end();
      return;
    }
    // An idle connection does not keep a process alive.
    this.#socket.unref();
    this.#socket.setTimeout(IDLE);
    this.#onFree();
  }

  #fail(error: Error): void {
    this.end();
    this.#asked?.reject(error);
    this.#asked = undefined;
    this.#load?.fail(error);
    this.#load = undefined;
  }
}

class Load implements BlobLoad {
  readonly bytes: Buffer;
  readonly stop: () => void;
  filled = 0;
  onMore: () => void = () => undefined;
  readonly #end = Promise.withResolvers<undefined>();

  constructor(bytes: Buffer, stop: () => void) {
    this.bytes = bytes;
    this.stop = stop;
    // The caller that stops the connection does not wait for it.
    this.whole.catch(() => undefined);
  }

  get whole(): Promise<unknown> {
    return this.#end.promise;
  }

  get isWhole(): boolean {
    return this.filled === this.bytes.length;
  }

  room(): Uint8Array {
    return this.bytes.subarray(this.filled);
  }

  take(count: number): void {
    this.filled += count;
    if (this.isWhole) this.#end.resolve(undefined);
    this.onMore();
  }

  fail(error: Error): void {
    this.#end.reject(error);
    this.onMore();
  }
}
