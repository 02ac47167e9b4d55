import { networkInterfaces } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KernelRecord } from '@btf-depot/contracts';
import { MISS_REASONS, type Pulls, type PullState } from '@btf-depot/depot';
import { parseUpstreams, upstreamsOfDebuginfod, type UpstreamAddress } from '@btf-depot/upstreams';
import { formatBytes, formatCount, note } from '../../terminal/output.ts';
import { progressBar } from '../../terminal/progress-bar.ts';
import { debugServerOf } from './debug-servers.ts';

export interface OfferOptions {
  /** `BTFDEPOT_UPSTREAMS`: setting it is consent. */
  upstreams: readonly UpstreamAddress[];
  /** Replaces the distribution's. */
  server: string | undefined;
  environment: NodeJS.ProcessEnv;
  /** A person reads and answers. */
  isTerminal: boolean;
  signal: AbortSignal;
}

export interface OfferDeps {
  pulls: Pulls;
  pullFrom: (upstreams: readonly UpstreamAddress[]) => void;
  /** As it is in the store now. */
  record: (buildId: string) => Promise<KernelRecord | undefined>;
}

/** Size of a kernel's debug information in distributions' packages, for the question. */
const ABOUT = 'some 300 MB to 1.1 GB';

/**
 * The variables of the running kernel are in its debug information, which its distribution may
 * publish. Nothing is sent to anyone without consent: by a setting that names servers, or by an
 * answer on the terminal.
 */
export async function offerVariables(
  kernel: { buildId: string; release: string },
  deps: OfferDeps,
  options: OfferOptions,
): Promise<void> {
  const { signal } = options;
  const record = await deps.record(kernel.buildId);
  if (record?.parts.vars) return;
  const named = namedUpstreams(options);
  if (!named && options.server === undefined && !hasNetwork()) {
    const what = record ? 'variables' : 'kernel';
    note(`${what}: none, no network. Next: btfdepot wanted --running > want.json`);
    return;
  }
  if (!record) return;
  const upstreams = named ?? (await askFor(kernel.release, options));
  if (!upstreams) return;
  if (options.upstreams.length === 0) deps.pullFrom(upstreams);
  const { buildId } = kernel;
  const wanted = { again: true, variables: true };
  await watch(await deps.pulls.ask(buildId, wanted), { ...deps, buildId, signal });
}

/** Whether this system has an address besides its loopback. */
function hasNetwork(): boolean {
  return Object.values(networkInterfaces()).some((all) => all?.some(({ internal }) => !internal));
}

/** Undefined: no setting gives consent. */
function namedUpstreams({
  upstreams,
  environment,
}: OfferOptions): readonly UpstreamAddress[] | undefined {
  if (upstreams.length > 0) return upstreams;
  const found = upstreamsOfDebuginfod(environment.DEBUGINFOD_URLS ?? '');
  return found.length > 0 ? found : undefined;
}

async function askFor(
  release: string,
  { server, isTerminal, signal }: OfferOptions,
): Promise<UpstreamAddress[] | undefined> {
  const known = debugServerOf(release);
  const url = server ?? known?.url;
  if (url === undefined) {
    const who = known ? `${known.name} publishes no debug information` : 'nobody is known';
    note(`variables: none, for ${who} of ${release}; push what has it`);
    return undefined;
  }
  const { host } = new URL(url);
  if (!isTerminal) {
    note(`variables: none; ${host} may have them: BTFDEPOT_UPSTREAMS="debuginfod ${url}"`);
    return undefined;
  }
  note('variables: none, they are in the debug information of the kernel');
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const question = `Download it, ${ABOUT}, from ${host}? [y/N] `;
    const answer = await lines.question(question, { signal });
    return /^y(es)?$/i.test(answer.trim()) ? parseUpstreams(`debuginfod ${url}`) : undefined;
  } catch {
    // The depot stops, or the terminal is gone.
    return undefined;
  } finally {
    lines.close();
  }
}

/** Milliseconds between two looks. */
const LOOK_EVERY = 300;

async function watch(
  begun: PullState,
  { buildId, pulls, record, signal }: OfferDeps & { buildId: string; signal: AbortSignal },
): Promise<void> {
  const bar = progressBar('variables', process.stderr.isTTY);
  let state: PullState | undefined = begun;
  try {
    while (state?.state === 'queued' || state?.state === 'running') {
      if (state.state === 'running') show(bar, state.progress);
      await sleep(LOOK_EVERY, undefined, { signal });
      state = await pulls.look(buildId);
    }
  } catch {
    return;
  } finally {
    bar.stop();
  }
  if (state?.state === 'missed') {
    for (const { upstream, reason, detail } of state.misses) {
      note(`variables: none from ${upstream}: ${MISS_REASONS[reason].says} (${detail})`);
    }
    return;
  }
  const { vars } = (await record(buildId))?.parts ?? {};
  if (vars) note(`variables: ${formatCount(vars.variables)} variables, ${formatBytes(vars.size)}`);
  else note('variables: none in what was downloaded');
}

function show(
  bar: ReturnType<typeof progressBar>,
  { stage, upstream = '', done, total }: (PullState & { state: 'running' })['progress'],
): void {
  if (stage === 'find') bar.busy(`${upstream} is asked`);
  else if (total === 0) bar.busy(stage === 'split' ? 'splitting' : 'downloading');
  else bar.show(stage === 'split' ? 'split' : 'download', done, total);
}
