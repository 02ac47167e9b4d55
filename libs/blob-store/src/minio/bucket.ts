import http from 'node:http';
import https from 'node:https';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import {
  forEachAtMost,
  loadStream,
  MAX_BLOB_SIZE,
  type Allocate,
  type BlobLoad,
  type BlobStream,
  type ByteRange,
} from '@btf-depot/depot';
import { Client, S3Error } from 'minio';
import { StoreFull, StoreUnavailable } from '../errors.ts';
import { lateness, limitedRequest, type Answered } from './limited-request.ts';
import { pageQuery, parsePage, type Listed, type Page, type PageQuery } from './listing.ts';
import { ObjectLoader } from './object-loader.ts';
import { MINIO_DEFAULTS, type Keys, type MinioSettings } from './settings.ts';

/** Condition of a write: no object yet, the object of this ETag, or none. */
export type Condition = Record<string, never> | { 'If-None-Match': '*' } | { 'If-Match': string };

/** The client's streams are this, though its types say less. */
type AnswerBody = Readable & Pick<http.IncomingMessage, 'headers'>;

/** Pages of one listing requested at one time. */
const LISTERS = 8;

/** How long a presigned URL of an object is valid. */
const SIGNED_SECONDS = 60;

/**
 * The few requests that the stores make to an S3 server. Each has time limits, since the client
 * has none: see limited-request.ts. A refusal (missing, precondition failed) is a value; everything else that goes wrong is
 * StoreUnavailable.
 */
export class Bucket {
  #client: Client;
  /** For bodies of any length: only silence ends them. */
  #streams: Client;
  readonly #loader: ObjectLoader;
  readonly #settings: Required<Omit<MinioSettings, 'readKeys'>> & Pick<MinioSettings, 'readKeys'>;
  #keys: Keys;

  constructor(settings: MinioSettings) {
    this.#settings = { ...MINIO_DEFAULTS, ...settings };
    this.#keys = settings;
    const { endpoint, silenceMs } = this.#settings;
    this.#loader = new ObjectLoader(new URL(endpoint), silenceMs);
    this.#client = this.#requestClient();
    this.#streams = this.#streamClient();
  }

  #requestClient(): Client {
    return this.#connect(this.#settings.timeoutMs);
  }

  #streamClient(): Client {
    return this.#connect(undefined);
  }

  /** The client is told its keys when it is made. */
  async #renewKeys(): Promise<void> {
    const keys = await this.#settings.readKeys?.();
    const { accessKey, secretKey } = this.#keys;
    if (!keys || (keys.accessKey === accessKey && keys.secretKey === secretKey)) return;
    this.#keys = keys;
    this.#client = this.#requestClient();
    this.#streams = this.#streamClient();
  }

  /** @param timeoutMs for each whole request; undefined: no limit but that of silence. */
  #connect(timeoutMs: number | undefined): Client {
    const { endpoint, region, silenceMs } = this.#settings;
    const { accessKey, secretKey } = this.#keys;
    const { protocol, hostname, port } = new URL(endpoint);
    const useSSL = protocol === 'https:';
    const { request } = useSSL ? https : http;
    const explicit = port === '' ? {} : { port: Number(port) };
    return new Client({
      endPoint: hostname,
      ...explicit,
      useSSL,
      accessKey,
      secretKey,
      region,
      transport: {
        request: ((options: https.RequestOptions, answered: Answered) =>
          limitedRequest(request, options, answered, {
            timeoutMs,
            silenceMs,
          })) as typeof http.request,
      },
      // Above this size the client would upload in parts, where conditions do not hold.
      partSize: 2 * MAX_BLOB_SIZE,
      // The client would repeat a write whose first answer was lost, and report its own success as
      // a conflict.
      retryOptions: { disableRetry: true },
    });
  }

  /** Makes the bucket unless it is there. */
  async make(): Promise<void> {
    const { bucket, region } = this.#settings;
    await this.#ask(`make bucket ${bucket}`, async () => {
      if (await this.#client.bucketExists(bucket)) return;
      try {
        await this.#client.makeBucket(bucket, region);
      } catch (error) {
        if (!says(error, 'BucketAlreadyOwnedByYou', 'BucketAlreadyExists')) throw error;
      }
    });
  }

  /** @throws StoreUnavailable also if the bucket is gone. */
  async check(): Promise<void> {
    const { bucket } = this.#settings;
    await this.#ask(`reach bucket ${bucket}`, async () => {
      if (!(await this.#client.bucketExists(bucket))) throw new Error('it does not exist');
    });
  }

  async has(key: string): Promise<boolean> {
    return this.#ask(`look for ${key}`, async () => {
      try {
        await this.#client.statObject(this.#settings.bucket, key);
        return true;
      } catch (error) {
        if (says(error, 'NotFound', 'NoSuchKey')) return false;
        throw error;
      }
    });
  }

  async get(key: string): Promise<{ bytes: Uint8Array; etag: string } | undefined> {
    return this.#ask(`read ${key}`, async () => {
      try {
        const answer = await this.#client.getObject(this.#settings.bucket, key);
        const chunks: Buffer[] = [];
        for await (const chunk of answer) chunks.push(chunk as Buffer);
        return { bytes: Buffer.concat(chunks), etag: etagOf(answer) };
      } catch (error) {
        if (says(error, 'NotFound', 'NoSuchKey')) return undefined;
        throw error;
      }
    });
  }

  /** The object as a stream; it fails if the server falls silent. */
  async stream(key: string, range?: ByteRange): Promise<BlobStream | undefined> {
    const { bucket } = this.#settings;
    return this.#ask(`read ${key}`, async () => {
      try {
        const bytes = range
          ? await this.#streams.getPartialObject(bucket, key, range.start, range.end - range.start)
          : await this.#streams.getObject(bucket, key);
        return { size: sizeOf(bytes as AnswerBody), bytes };
      } catch (error) {
        if (says(error, 'NotFound', 'NoSuchKey')) return undefined;
        throw error;
      }
    });
  }

  /** Reads the object into this memory; fails as `stream` does. */
  async load(key: string, allocate: Allocate): Promise<BlobLoad | undefined> {
    const loaded = await this.#ask(`read ${key}`, async () => {
      const url = await this.#client.presignedGetObject(this.#settings.bucket, key, SIGNED_SECONDS);
      return this.#loader.load(new URL(url), allocate);
    });
    if (loaded) return loaded;
    const stream = await this.stream(key);
    return stream && loadStream(stream, allocate);
  }

  /** @returns the new object's ETag; undefined if the condition did not hold. */
  async put(key: string, bytes: Uint8Array, condition: Condition): Promise<string | undefined> {
    return this.#ask(`write ${key}`, async () => {
      const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      try {
        const { bucket } = this.#settings;
        const { etag } = await this.#client.putObject(bucket, key, body, body.length, condition);
        return etag;
      } catch (error) {
        // NoSuchKey: no object has the ETag. Conflict: AWS's error for two conditional writes of
        // one key at the same moment.
        if (says(error, 'PreconditionFailed', 'NoSuchKey', 'ConditionalRequestConflict')) {
          return undefined;
        }
        throw error;
      }
    });
  }

  /** Succeeds also for a missing key. */
  async delete(key: string): Promise<void> {
    await this.#ask(`delete ${key}`, () => this.#client.removeObject(this.#settings.bucket, key));
  }

  /** Every key below a prefix, in the order of the keys. */
  async *list(prefix: string, after = ''): AsyncIterable<Listed> {
    for (let token: string | undefined = ''; token !== undefined;) {
      const page: Page = await this.#page({ prefix, token, after });
      yield* page.listed;
      token = page.next;
    }
  }

  /**
   * Every key below a prefix that a hexadecimal digit follows, in no particular order. The pages of
   * one listing come one after the other, so keys beyond the first page are listed digit by digit,
   * several digits at one time.
   */
  async *listByDigit(prefix: string): AsyncIterable<Listed> {
    const { listed, next } = await this.#page({ prefix, token: '', after: '' });
    yield* listed;
    if (next === undefined) return;
    const last = listed.at(-1)?.key ?? '';
    const digits = Array.from({ length: 16 }, (_, digit) => digit.toString(16)).filter(
      (digit) => digit >= last.slice(prefix.length, prefix.length + 1),
    );
    const others: Listed[] = [];
    await forEachAtMost(LISTERS, digits, async (digit) => {
      for await (const one of this.list(`${prefix}${digit}`, last)) others.push(one);
    });
    yield* others;
  }

  async #page(query: PageQuery): Promise<Page> {
    return this.#ask(`list ${query.prefix}`, async () => {
      const answer = await this.#client.makeRequestAsync({
        method: 'GET',
        bucketName: this.#settings.bucket,
        query: pageQuery(query),
      });
      return parsePage(await text(answer));
    });
  }

  async #ask<T>(what: string, run: () => Promise<T>): Promise<T> {
    try {
      await this.#renewKeys();
      return await run();
    } catch (cause) {
      const why = lateness(cause) ?? String(cause);
      const Unavailable = says(cause, 'XMinioStorageFull') ? StoreFull : StoreUnavailable;
      throw new Unavailable(`cannot ${what}: ${why}`, { cause });
    }
  }
}

function says(error: unknown, ...codes: string[]): boolean {
  return error instanceof S3Error && error.code !== undefined && codes.includes(error.code);
}

/** Length of the whole object, even for a range. */
function sizeOf({ headers }: AnswerBody): number {
  const size = headers['content-range']?.split('/')[1] ?? headers['content-length'];
  if (size === undefined) throw new Error('an answer without Content-Length');
  return Number(size);
}

/** As the client gives it in its other answers: without quotes. */
function etagOf(answer: Readable): string {
  const etag = answer instanceof http.IncomingMessage ? answer.headers.etag : undefined;
  if (etag === undefined) throw new Error('an answer without ETag');
  return etag.replaceAll('"', '');
}
