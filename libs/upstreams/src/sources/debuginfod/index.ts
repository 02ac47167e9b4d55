import {
  isMiss,
  type Asking,
  type Found,
  type Miss,
  type OfferedFile,
  type OpenedFile,
  type Upstream,
} from '@btf-depot/depot';
import { readHttp, readWhole, type HttpAnswer } from '../../http/read.ts';
import { viaHeader } from '../../http/via.ts';
import type { SourceKind, SourceOptions } from '../../kinds.ts';
import type { UpstreamLimits } from '../../limits.ts';

/** Bytes: the kernel accepts no larger BTF. */
const MAX_BTF = 16 * 1024 ** 2;

/**
 * A debuginfod, or a server with its protocol (elfutils, debuginfod.8): `GET
 * /buildid/ID/section/.BTF` and `/buildid/ID/debuginfo`. It ignores Range and refuses HEAD, so a
 * download that is cut begins again.
 *
 * A bare `.BTF` does not state its build: it comes quickly, and is a claim. The lasting publication
 * is made from the debug information, which has the build ID inside.
 */
export const debuginfod: SourceKind = {
  at: 'url',
  open: (at, name, options) => new Debuginfod(new URL(at), name, options),
};

class Debuginfod implements Upstream {
  readonly kind = 'debuginfod';
  readonly name: string;
  readonly #base: URL;
  readonly #limits: UpstreamLimits;

  constructor(base: URL, name: string, { limits }: SourceOptions) {
    this.#base = base;
    this.name = name;
    this.#limits = limits;
  }

  async find(buildId: string, asking: Asking): Promise<Found | Miss> {
    const btf = await this.#section(buildId, asking);
    if (!isMiss(btf)) return { files: [btf, this.#debuginfo(buildId, asking)] };
    if (btf.reason !== 'missing') return btf;
    // It may have a kernel without BTF.
    const opened = await this.#open(buildId, asking);
    if (isMiss(opened)) return opened;
    return { files: [this.#debuginfo(buildId, asking, opened)] };
  }

  async #section(buildId: string, { signal, via }: Asking): Promise<OfferedFile | Miss> {
    const url = new URL(`buildid/${buildId}/section/.BTF`, this.#base);
    const headers = viaHeader(via);
    const found = await readWhole(url, this.#limits, { signal, headers, maxBytes: MAX_BTF });
    if (isMiss(found)) return found;
    const { bytes } = found;
    return {
      name: '.BTF',
      part: 'kernel',
      buildId,
      delivery: 'builtin',
      provisional: true,
      size: bytes.length,
      open: (start) =>
        Promise.resolve({ start, size: bytes.length, bytes: once(bytes.subarray(start)) }),
    };
  }

  /** @param first an answer that has already begun. */
  #debuginfo(buildId: string, { via }: Asking, first?: HttpAnswer): OfferedFile {
    let begun = first;
    return {
      name: 'debuginfo',
      part: 'kernel',
      size: first && sizeOf(first),
      open: async (_start, signal) => {
        const opened = begun ?? (await this.#open(buildId, { signal, via }));
        begun = undefined;
        return isMiss(opened) ? opened : { ...opened, size: sizeOf(opened) };
      },
    };
  }

  #open(buildId: string, { signal, via }: Asking): Promise<HttpAnswer | Miss> {
    const url = new URL(`buildid/${buildId}/debuginfo`, this.#base);
    return readHttp(url, this.#limits, { signal, headers: viaHeader(via) });
  }
}

/** A server with chunked answers states the size in its own header. */
function sizeOf({ size, headers }: HttpAnswer): OpenedFile['size'] {
  const said = headers['x-debuginfod-size'];
  return size ?? (typeof said === 'string' && /^\d{1,15}$/.test(said) ? Number(said) : undefined);
}

// eslint-disable-next-line @typescript-eslint/require-await -- the port's: others come in pieces
async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
