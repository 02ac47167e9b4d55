import {
  functionPageSchema,
  kernelPath,
  answeredRecordSchema,
  keysAnswerSchema,
  lookupAnswerSchema,
  resolveAnswerSchema,
  searchAnswerSchema,
  sitePageSchema,
  statusAnswerSchema,
  VARIABLE_FORMS,
  variableAnswerSchema,
  variablePageSchema,
  type FunctionPage,
  type InlinedFunction,
  type InlineSite,
  type KernelOrder,
  type KernelRecord,
  type KernelStatus,
  type KernelSummary,
  type KeysAnswer,
  type LookupAnswer,
  type PublicKey,
  type ResolveAnswer,
  type SearchAnswer,
  type SitePage,
  type SplitProgress,
  type StatusAnswer,
  type Variable,
  type VariableAnswer,
  type VariablePage,
  type VariableWithTypes,
} from '@btf-depot/contracts';
import { firstByteOf, noneIfUnknown, notADepot, parse, type Schema } from './answer.ts';
import { askInOrder } from './ask.ts';
import { blobStream, skipping, type WantedBlob } from './blob-stream.ts';
import {
  findArtifact,
  wholeBlob,
  type ArtifactOptions,
  type BlobReader,
  type FoundArtifact,
} from './find-artifact.ts';
import { inPages, LONGEST_PAGE, nextOf, type PageOptions } from './pages.ts';
import { ProblemError } from './problem-error.ts';
import { byName, query } from './query.ts';
import { ONCE, PATIENCE, wait, type Patience } from './retry.ts';
import { getRecord, isNoDepot, lookUpStatic, searchStatic, staticKernels } from './static-depot.ts';
import { upload, type UploadOptions, type UploadRequest } from './upload.ts';

/** Milliseconds between the polls of `waitUntilDone`: 100, then increasing. */
const FIRST_LOOK = 100;
const LONGEST_PAUSE = 2000;

type AskInit = Omit<RequestInit, 'headers'> & { headers: Record<string, string> };

/** Of a question whose asker wants to know what a depot has, not to have it. */
const NO_PULL = '?pull=no';

export interface KernelFilter {
  distro?: string;
  arch?: string;
  /** Prefix of the release. */
  release?: string;
  /** Prefix of the build ID. */
  buildId?: string;
  /** By build ID by default; depots of version 0.1 know no other order. */
  sort?: KernelOrder;
}

export interface ClientOptions {
  patience?: Patience;
  /** At least one of them must have signed a kernel's manifest; none: no signature is needed. */
  keys?: readonly PublicKey[];
  /** Sent only to the first depot. */
  token?: string | undefined;
}

/**
 * One depot, or several in the order in which to ask them: a private one, then a public one. Every
 * method throws ProblemError if the depots refuse; temporary failures are retried, with pauses.
 */
export class DepotClient {
  /** The first depot: uploads go there. */
  readonly base: URL;
  readonly #bases: readonly URL[];
  readonly #options: ClientOptions;
  readonly #patience: Patience;
  readonly #keys: readonly PublicKey[];
  readonly #authorization: Readonly<Record<string, string>>;
  readonly #blobs: BlobReader = (wanted, signal) => this.blob(wanted, 0, signal);

  /** @param urls of the depots; a path in them is kept. */
  constructor(urls: string | readonly string[], options: ClientOptions = {}) {
    this.#bases = (typeof urls === 'string' ? [urls] : urls).map(
      (url) => new URL(url.endsWith('/') ? url : `${url}/`),
    );
    if (this.#bases.length === 0) throw new RangeError('no depot is named; pass at least one URL');
    this.base = this.#bases[0];
    this.#options = options;
    this.#patience = options.patience ?? PATIENCE;
    this.#keys = options.keys ?? [];
    const { token } = options;
    this.#authorization = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  }

  /** The same depots without retries: for callers that retry as a whole. */
  withoutRetries(): DepotClient {
    const urls = this.#bases.map(({ href }) => href);
    return new DepotClient(urls, { ...this.#options, patience: ONCE });
  }

  /**
   * What the depots have now; none fetches the kernel because of this question.
   * @returns undefined if no depot knows the build ID.
   */
  async record(buildId: string, signal?: AbortSignal): Promise<KernelRecord | undefined> {
    try {
      return await this.#json(kernelPath(buildId) + NO_PULL, answeredRecordSchema, signal);
    } catch (error) {
      // An export has a folder there.
      if (isNoDepot(error)) return this.#recordFile(buildId, signal).catch(noneIfUnknown);
      noneIfUnknown(error);
      return undefined;
    }
  }

  async #recordFile(buildId: string, signal: AbortSignal | undefined): Promise<KernelRecord> {
    const init = { headers: {}, signal: signal ?? null };
    const response = await this.#ask((_base, get) => getRecord(get, buildId), init);
    return parse(response, answeredRecordSchema);
  }

  status(buildId: string, signal?: AbortSignal): Promise<StatusAnswer> {
    return this.#json(`${kernelPath(buildId)}/status`, statusAnswerSchema, signal);
  }

  /**
   * The progress of the first depot with splitting an unanswered upload. Asked once: undefined if
   * it does not say; of several ingest processes, only the splitting one can.
   */
  async splitProgress(buildId: string, signal?: AbortSignal): Promise<SplitProgress | undefined> {
    try {
      const path = `${kernelPath(buildId)}/status${NO_PULL}`;
      const init = { headers: this.#authorization, signal: signal ?? null };
      const response = await askInOrder([this.base], path, () => init, ONCE);
      return (await parse(response, statusAnswerSchema)).progress;
    } catch (error) {
      if (error instanceof ProblemError) return undefined;
      throw error;
    }
  }

  /** Looks until nothing is under way for the kernel. Ends early only by the signal. */
  async waitUntilDone(buildId: string, signal?: AbortSignal): Promise<KernelStatus> {
    for (let pause = FIRST_LOOK; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE)) {
      const status = await this.status(buildId, signal);
      const { state, pull } = status;
      const isUnderway = state === 'splitting' || state === 'compressing' || state === 'pulling';
      if (!isUnderway && !pull) return status;
      await wait(pause, signal);
    }
  }

  upload(request: UploadRequest, options?: UploadOptions) {
    return upload(this.base, request, { ...options, headers: this.#authorization });
  }

  /** The kernels that match all given conditions. */
  kernels(filter: KernelFilter = {}, signal?: AbortSignal): AsyncGenerator<KernelSummary> {
    return inPages(
      (page) => this.kernelPage(filter, { page }, signal),
      ({ kernels }) => kernels,
    );
  }

  /** Some of them. */
  async kernelPage(
    filter: KernelFilter,
    { limit, page }: PageOptions = {},
    signal?: AbortSignal,
  ): Promise<SearchAnswer> {
    const path = `/v1/kernels${query({ ...filter, limit: limit?.toString(), page })}`;
    try {
      return await this.#json(path, searchAnswerSchema, signal);
    } catch (error) {
      const kernels = isNoDepot(error) ? await this.#staticKernels(signal) : undefined;
      if (!kernels) throw error;
      return searchStatic(kernels, filter, { limit, page });
    }
  }

  #staticKernels(signal: AbortSignal | undefined): Promise<KernelSummary[] | undefined> {
    return staticKernels((path) => this.#get(path, signal));
  }

  /** Many at once, by build ID or release. */
  async lookup(
    asked: { buildIds?: string[]; releases?: string[] },
    signal?: AbortSignal,
  ): Promise<LookupAnswer> {
    try {
      return await this.#post('/v1/kernels/lookup', asked, lookupAnswerSchema, signal);
    } catch (error) {
      const kernels = isNoDepot(error) ? await this.#staticKernels(signal) : undefined;
      if (!kernels) throw error;
      return lookUpStatic(kernels, asked);
    }
  }

  /** The variables of a kernel by name: all, by prefix, or by pattern with `*` and `?`. */
  variables(buildId: string, names = '', signal?: AbortSignal): AsyncGenerator<Variable> {
    return inPages(
      (page) => this.variablePage(buildId, names, { limit: LONGEST_PAGE, page }, signal),
      ({ variables }) => variables,
    );
  }

  /** One page of them. */
  variablePage(
    buildId: string,
    names: string,
    { limit, page }: PageOptions = {},
    signal?: AbortSignal,
  ): Promise<VariablePage> {
    const parameters = query({ ...byName(names), limit: limit?.toString(), page });
    return this.#json(`${kernelPath(buildId)}/vars${parameters}`, variablePageSchema, signal);
  }

  /**
   * Every variable of that name, of all pages. If there is none, the error suggests similar names.
   */
  async variable(buildId: string, name: string, signal?: AbortSignal): Promise<VariableAnswer> {
    const variables = await this.#variablesFrom(buildId, name, undefined, signal);
    return { buildId, name, variables };
  }

  async #variablesFrom(
    buildId: string,
    name: string,
    first: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<VariableWithTypes[]> {
    const pages = inPages(
      (page) => {
        const path = `${variablePath(buildId, name)}${query({ page })}`;
        return this.#json(path, variableAnswerSchema, signal);
      },
      ({ variables }) => variables,
      first,
    );
    const variables: VariableWithTypes[] = [];
    for await (const variable of pages) variables.push(variable);
    return variables;
  }

  /** The same as a C file, or as standalone BTF. */
  async variableAs(
    buildId: string,
    name: string,
    form: 'c' | 'btf',
    signal?: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const headers = { Accept: VARIABLE_FORMS[form] };
    const pieces: ArrayBuffer[] = [];
    let page: string | undefined;
    do {
      const path = `${variablePath(buildId, name)}${query({ as: form, page })}`;
      const response = await this.#get(path, signal, headers);
      pieces.push(await response.arrayBuffer());
      page = nextOf(response);
    } while (page !== undefined);
    return new Uint8Array(await new Blob(pieces).arrayBuffer());
  }

  /** The places where a function is inlined, or the calls inlined at an address, in order. */
  inlineSites(
    buildId: string,
    asked: { function: string } | { address: string },
    signal?: AbortSignal,
  ): AsyncGenerator<InlineSite> {
    return inPages(
      (page) => this.inlineSitePage(buildId, asked, { limit: LONGEST_PAGE, page }, signal),
      ({ sites }) => sites,
    );
  }

  /** One page of them. */
  inlineSitePage(
    buildId: string,
    asked: { function: string } | { address: string },
    { limit, page }: PageOptions = {},
    signal?: AbortSignal,
  ): Promise<SitePage> {
    const parameters = query({ ...asked, limit: limit?.toString(), page });
    return this.#json(`${kernelPath(buildId)}/inlines${parameters}`, sitePageSchema, signal);
  }

  /** Inlined functions, those with most sites first: all, by prefix, or by pattern. */
  inlinedFunctions(
    buildId: string,
    names = '',
    signal?: AbortSignal,
  ): AsyncGenerator<InlinedFunction> {
    return inPages(
      (page) => this.inlinedFunctionPage(buildId, names, { limit: LONGEST_PAGE, page }, signal),
      ({ functions }) => functions,
    );
  }

  /** One page of them. */
  inlinedFunctionPage(
    buildId: string,
    names = '',
    { limit, page }: PageOptions = {},
    signal?: AbortSignal,
  ): Promise<FunctionPage> {
    const parameters = query({ ...byName(names), limit: limit?.toString(), page });
    const path = `${kernelPath(buildId)}/inlines/functions${parameters}`;
    return this.#json(path, functionPageSchema, signal);
  }

  /** Many variables at once, in as many requests as needed. */
  async resolve(buildId: string, names: string[], signal?: AbortSignal): Promise<ResolveAnswer> {
    const path = `${kernelPath(buildId)}/vars/resolve`;
    const whole: ResolveAnswer = { buildId, found: [], missing: [] };
    for (let rest = [...new Set(names)]; ;) {
      const answer = await this.#post(path, { names: rest }, resolveAnswerSchema, signal);
      for (const { name, variables, next } of answer.found) {
        if (next === undefined) whole.found.push({ name, variables });
        else {
          const others = await this.#variablesFrom(buildId, name, next, signal);
          whole.found.push({ name, variables: [...variables, ...others] });
        }
      }
      whole.missing.push(...answer.missing);
      if (answer.next === undefined) return whole;
      rest = rest.slice(answer.next);
    }
  }

  /** The keys that the depot claims to sign with: as trustworthy as the connection. */
  keys(signal?: AbortSignal): Promise<KeysAnswer> {
    return this.#json('/v1/keys', keysAnswerSchema, signal);
  }

  /**
   * The manifest's entry for an artifact. The manifest must name this build ID, and one of the
   * keys, if there are any, must have signed it. Manifest and signature are requested by the hashes
   * of one record, so a simultaneous new revision is never mixed in.
   *
   * @throws ProblemError, among others `unknown-artifact`, `not-signed`, `bad-signature`,
   *   `foreign-manifest`, `old-revision`, `not-in-manifest`.
   */
  async findArtifact(
    buildId: string,
    name: string,
    options: ArtifactOptions = {},
  ): Promise<FoundArtifact> {
    return this.#ofOneRevision(buildId, options.signal, (record) =>
      findArtifact(record, { buildId, name }, this.#blobs, this.#keys, options),
    );
  }

  /** An artifact by its name, complete and verified by `findArtifact`. */
  async artifact(
    buildId: string,
    name: string,
    options: ArtifactOptions = {},
  ): Promise<FoundArtifact & { bytes: Uint8Array<ArrayBuffer> }> {
    return this.#ofOneRevision(buildId, options.signal, async (record) => {
      const asked = { buildId, name };
      const found = await findArtifact(record, asked, this.#blobs, this.#keys, options);
      return { ...found, bytes: await wholeBlob(this.#blobs, found.entry, options.signal) };
    });
  }

  /** Reads blobs of a record; starts again if a new revision removed them meanwhile. */
  async #ofOneRevision<Result>(
    buildId: string,
    signal: AbortSignal | undefined,
    read: (record: KernelRecord) => Promise<Result>,
  ): Promise<Result> {
    for (let before = -1; ;) {
      const record = await this.#recordFile(buildId, signal);
      try {
        return await read(record);
      } catch (error) {
        const isGone = error instanceof ProblemError && error.code === 'unknown-blob';
        if (!isGone || record.revision === before) throw error;
        before = record.revision;
      }
    }
  }

  /**
   * The bytes of a blob from `start` on, resumed if the connection breaks; exactly `size - start`,
   * not verified.
   */
  blob(wanted: WantedBlob, start = 0, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    return blobStream(wanted, start, (at) => this.#openBlob(wanted.sha256, at, signal), signal);
  }

  async #openBlob(sha256: string, start: number, signal?: AbortSignal) {
    const headers: Record<string, string> = start > 0 ? { Range: `bytes=${start}-` } : {};
    const response = await this.#get(`/v1/blobs/sha256/${sha256}`, signal, headers);
    const from = firstByteOf(response, start);
    if (!response.body || from === undefined || from > start) {
      throw notADepot(response, `the depot did not resume the blob at byte ${start}`);
    }
    return from === start ? response.body : response.body.pipeThrough(skipping(start - from));
  }

  async #json<Output>(
    path: string,
    schema: Schema<Output>,
    signal: AbortSignal | undefined,
  ): Promise<Output> {
    return parse(await this.#get(path, signal), schema);
  }

  async #post<Output>(
    path: string,
    body: unknown,
    schema: Schema<Output>,
    signal: AbortSignal | undefined,
  ): Promise<Output> {
    const response = await this.#ask(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      signal: signal ?? null,
    });
    return parse(response, schema);
  }

  #get(path: string, signal?: AbortSignal, headers: Record<string, string> = {}) {
    return this.#ask(path, { headers, signal: signal ?? null });
  }

  #ask(path: Parameters<typeof askInOrder>[1], init: AskInit): Promise<Response> {
    const first = { ...init, headers: { ...init.headers, ...this.#authorization } };
    const initFor = (base: URL) => (base === this.base ? first : init);
    return askInOrder(this.#bases, path, initFor, this.#patience);
  }
}

function variablePath(buildId: string, name: string): string {
  return `${kernelPath(buildId)}/vars/${encodeURIComponent(name)}`;
}
