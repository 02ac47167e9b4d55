import { ProblemError, sha256Of, type DepotClient } from '@btf-depot/client';
import type { KernelRecord, Manifest } from '@btf-depot/contracts';
import { h, section } from '../dom.ts';
import { trustedClient } from './trusted-client.ts';

/** Checks by the browser itself: the manifest's signature, and the hash of a file. */
export function trust(client: DepotClient, record: KernelRecord): HTMLElement {
  const verdict = h('p', { class: 'verdict', role: 'status' }, 'Checking the manifest …');
  const say = (text: string, how: 'good' | 'bad' | 'plain') => {
    verdict.textContent = text;
    verdict.className = `verdict ${how}`;
  };
  if (!isSecureContext) {
    say('Browsers check hashes and signatures only over HTTPS: use btfdepot get.', 'plain');
    return section('Checked by your browser', verdict);
  }
  const input = h('input', { type: 'file' });
  const outcome = h('p', { class: 'verdict', role: 'status' });
  const checked = manifestOf(client, record);
  checked.then(
    ({ manifest, signers }) => {
      const differ = differing(record, manifest);
      if (differ.length > 0) say(`The record and the manifest differ: ${differ.join(', ')}`, 'bad');
      else if (signers.length === 0)
        say(`${namesIt(manifest)} The manifest is not signed.`, 'plain');
      else say(`${namesIt(manifest)} It is signed with key ${signers.join(' or ')}.`, 'good');
    },
    (error: unknown) => say(...refused(error)),
  );
  input.addEventListener('change', () => {
    const file = input.files?.[0];
    if (!file) return;
    outcome.className = 'verdict';
    outcome.textContent = `Reading ${file.name} …`;
    void Promise.all([file.arrayBuffer().then(sha256Of), checked]).then(
      ([sha256, { manifest }]) => {
        const name = [...manifest.artifacts].find(([, entry]) => entry.sha256 === sha256)?.[0];
        outcome.className = `verdict ${name === undefined ? 'bad' : 'good'}`;
        outcome.textContent =
          name === undefined
            ? `${file.name} is not a file of this kernel: its SHA-256 is ${sha256}`
            : `${file.name} is ${name} of revision ${manifest.revision}`;
      },
      (error: unknown) => {
        outcome.className = 'verdict bad';
        outcome.textContent = error instanceof Error ? error.message : String(error);
      },
    );
  });
  return section(
    'Checked by your browser',
    verdict,
    h(
      'p',
      { class: 'quiet' },
      'The keys came from this depot over this connection. To be sure, get them from elsewhere.',
    ),
    h('label', { class: 'file' }, h('span', {}, 'Check a downloaded file'), input),
    outcome,
  );
}

async function manifestOf(client: DepotClient, { buildId }: KernelRecord) {
  const { trusted, keys } = await trustedClient(client);
  const { manifest } = await trusted.findArtifact(buildId, 'manifest');
  return { manifest, signers: keys.map(({ number }) => number) };
}

function namesIt({ revision, artifacts }: Manifest): string {
  return `The manifest names this build ID, revision ${revision} and ${artifacts.size} files.`;
}

/** Artifacts whose size or hash differs between record and manifest. */
function differing({ artifacts }: KernelRecord, manifest: Manifest): string[] {
  return [...manifest.artifacts].flatMap(([name, { sha256, size }]) => {
    const stated = Object.hasOwn(artifacts, name) ? artifacts[name] : undefined;
    return stated?.sha256 === sha256 && stated.size === size ? [] : [name];
  });
}

function refused(error: unknown): [text: string, how: 'bad' | 'plain'] {
  if (error instanceof ProblemError) {
    const isEarly = error.code === 'pending' || error.code === 'unknown-artifact';
    return isEarly ? ['There is no manifest yet.', 'plain'] : [error.message, 'bad'];
  }
  // Browsers before 2025 have no ed25519.
  if (error instanceof DOMException && error.name === 'NotSupportedError') {
    return ['This browser has no ed25519: use btfdepot get.', 'plain'];
  }
  return [error instanceof Error ? error.message : String(error), 'bad'];
}
