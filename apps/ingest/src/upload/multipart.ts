import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Busboy, type BusboyHeaders, type BusboyInstance } from '@fastify/busboy';
import { UPLOAD_PARTS, type UploadPart } from '@btf-depot/contracts';
import { DepotError, type UploadedFile } from '@btf-depot/depot';

/** No part needs more; more would only keep the parser busy. */
const LIMITS = {
  files: UPLOAD_PARTS.length,
  parts: UPLOAD_PARTS.length + 1,
  fields: 0,
  headerPairs: 16,
};

/**
 * Parses the files of a `multipart/form-data` body; passes each to `stage` while it arrives.
 *
 * @throws DepotError `bad-multipart` for a malformed body, an unknown, repeated or surplus part.
 */
export async function receiveParts(
  body: Readable,
  headers: IncomingHttpHeaders,
  stage: (name: UploadPart, file: Readable, signal: AbortSignal) => Promise<UploadedFile>,
  signal: AbortSignal,
): Promise<Partial<Record<UploadPart, UploadedFile>>> {
  // One signal ends the parser and every part: the first fault ends the whole.
  const fault = new AbortController();
  const all = AbortSignal.any([signal, fault.signal]);
  const refuse = (detail: string) => fault.abort(new DepotError('bad-multipart', detail));
  const staged = new Map<UploadPart, Promise<UploadedFile>>();

  const parser = openParser(headers);
  for (const event of ['partsLimit', 'filesLimit', 'fieldsLimit'] as const) {
    parser.on(event, () => refuse(`each part must be a file named ${UPLOAD_PARTS.join(', ')}`));
  }
  parser.on('file', (name, file) => {
    // The stream fails if the body ends early; its reader gets the signal's reason.
    file.on('error', () => undefined);
    if (!isUploadPart(name) || staged.has(name)) {
      file.resume();
      refuse(
        isUploadPart(name)
          ? `two parts are named ${name}; send each at most once`
          : 'a part has an unknown name',
      );
      return;
    }
    const arriving = stage(name, file, all);
    arriving.catch((error: unknown) => fault.abort(error));
    staged.set(name, arriving);
  });

  try {
    await pipeline(body, parser, { signal: all });
    const files = await Promise.all(
      [...staged].map(async ([name, file]) => [name, await file] as const),
    );
    return Object.fromEntries(files);
  } catch (error) {
    fault.abort(error);
    await Promise.allSettled(staged.values());
    if (signal.aborted) throw signal.reason;
    const cause: unknown = fault.signal.reason;
    if (cause instanceof DepotError) throw cause;
    throw new DepotError('bad-multipart', messageOf(cause), { cause });
  }
}

function openParser(headers: IncomingHttpHeaders): BusboyInstance {
  try {
    return Busboy({ headers: headers as BusboyHeaders, limits: LIMITS });
  } catch (error) {
    throw new DepotError('bad-multipart', messageOf(error), { cause: error });
  }
}

function isUploadPart(name: string): name is UploadPart {
  return (UPLOAD_PARTS as readonly string[]).includes(name);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
