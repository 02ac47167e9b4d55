import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { pipeline, Transform, type Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import type { UploadPart } from '@btf-depot/contracts';
import { DepotError, type UploadedFile } from '@btf-depot/depot';
import type { Request } from 'express';
import type { Reservation } from './disk-space.ts';
import { beginsPacked } from './is-packed.ts';
import { Meter, type UploadRules } from './meter.ts';
import { receiveParts } from './multipart.ts';
import { stageFile } from './staging.ts';

/** The files of an upload, staged. */
export type Received = Partial<Record<UploadPart, UploadedFile>>;

/**
 * Receives an upload's body: one file, or several as multipart. The request is never destroyed
 * here, so that it can still be answered.
 *
 * @throws DepotError with the fault of the body, or the signal's reason.
 */
export async function receive(
  request: Request,
  { folder, space }: { folder: string; space: Reservation },
  rules: UploadRules,
  signal: AbortSignal,
): Promise<Received> {
  checkLength(request, rules);
  const body = openBody(request, rules, signal);
  const stage = (name: UploadPart, file: Readable, ended: AbortSignal) => {
    // Only this part may be an archive of most of the upload.
    const began = async (head: Buffer) => {
      if (name === 'kernel' && beginsPacked(head)) await space.willUnpack();
    };
    return stageFile(file, join(folder, name), { began, wrote: space.wrote }, ended);
  };
  try {
    if (!isMultipart(request)) return { kernel: await stage('kernel', body, signal) };
    const files = await receiveParts(body, request.headers, stage, signal);
    if (Object.keys(files).length === 0) {
      throw new DepotError('missing-part', 'the upload has no part named kernel');
    }
    return files;
  } catch (error) {
    // A failure before the first read has not ended the body.
    body.destroy();
    throw causeOf(body, error);
  }
}

/** The error that ended the body is more precise than its reader's. */
function causeOf(body: Readable, error: unknown): unknown {
  const errored: NodeJS.ErrnoException | null = body.errored;
  if (errored instanceof DepotError) return errored;
  const isOfZlib = /^Z(STD)?_/.test(errored?.code ?? '');
  return isOfZlib ? new DepotError('bad-encoding', String(errored?.message)) : error;
}

function isMultipart(request: Request): boolean {
  return /^multipart\/form-data\b/i.test(request.headers['content-type'] ?? '');
}

/**
 * So that a client that waits for `100 Continue`, or announces the length, need not send it all.
 */
function checkLength(request: Request, { limit }: UploadRules): void {
  const length = Number(request.headers['content-length'] ?? 0);
  if (length > limit) {
    throw new DepotError('too-large', `the upload has ${length} bytes; the limit is ${limit}`);
  }
}

/** The request's body: digest checked, decoded, metered. */
function openBody(request: Request, rules: UploadRules, signal: AbortSignal): Readable {
  const before = [...digestCheck(request), ...decoder(request)];
  const { socket } = request;
  const meter = new Meter(rules, () => socket.bytesRead);
  const stages = [...before, meter];
  const first = stages[0] ?? meter;
  // Errors reach the reader through the meter, the last stage.
  if (stages.length > 1) pipeline(stages, () => undefined);
  signal.addEventListener('abort', () => meter.destroy(signal.reason as Error), { once: true });
  request.pipe(first);
  return meter;
}

function decoder(request: Request): Transform[] {
  const encoding = request.headers['content-encoding']?.toLowerCase() ?? 'identity';
  if (encoding === 'identity') return [];
  const streams: Partial<Record<string, () => Transform>> = {
    gzip: createGunzip,
    zstd: createZstdDecompress,
  };
  const open = streams[encoding];
  if (!open)
    throw new DepotError('unsupported-media', 'Content-Encoding must be gzip, zstd or absent');
  return [open().on('error', () => undefined)];
}

/** RFC 9530: the digest covers the content as sent, encoding included. */
function digestCheck(request: Request): Transform[] {
  const header = request.headers['content-digest'];
  if (header === undefined) return [];
  // A byte sequence between colons; anything else matches no digest.
  const expected = /(?:^|,)\s*sha-256=([^,;]*)/.exec(String(header))?.[1];
  if (expected === undefined) return [];
  const hash = createHash('sha256');
  return [
    new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        done(null, chunk);
      },
      flush(done) {
        const digest = hash.digest('base64');
        done(
          `:${digest}:` === expected?.trim()
            ? null
            : new DepotError(
                'digest-mismatch',
                `Content-Digest names another SHA-256; that of the body is ${digest}`,
              ),
        );
      },
    }),
  ];
}
