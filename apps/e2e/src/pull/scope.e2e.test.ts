import { join } from 'node:path';
import { buildIdOf, kernelBtf, kernelFile } from '@btf-depot/testing';
import { testFolder } from '@btf-depot/testing/folders';
import { btfdepot, startDepot } from '@btf-depot/testing/processes';
import { expect, test } from 'vitest';
import { scriptedUpstream } from './scripted-upstream.ts';

const folder = testFolder();

test('a client of another machine has something fetched with the scope `pull`, and not without', async () => {
  const upstream = await scriptedUpstream();
  const data = join(folder, 'data');
  const depot = await startDepot(data, {
    BTFDEPOT_UPSTREAMS: upstream.setting,
    BTFDEPOT_TOKENS: 'uploads',
    BTFDEPOT_PULL_BUDGET: '0',
    BTFDEPOT_TRUSTED_PROXIES: 'loopback',
  });
  try {
    for (const [scopes, status] of [
      ['upload', 404],
      ['pull', 200],
    ] as const) {
      const args = ['token', 'create', scopes, '--scopes', scopes, '--data', data, '--json'];
      const { token } = JSON.parse((await btfdepot(args, folder)).output) as { token: string };
      const buildId = buildIdOf(scopes);
      const file = `/buildid/${buildId}/debuginfo`;
      upstream.files.set(file, kernelFile({ buildId, btf: kernelBtf() }));
      const headers = { Authorization: `Bearer ${token}`, 'X-Forwarded-For': '198.51.100.9' };
      const answer = await fetch(`${depot.url}/v1/kernels/${buildId}?wait=60`, { headers });
      expect(answer.status).toBe(status);
      expect(upstream.asked.includes(file)).toBe(status === 200);
    }
  } finally {
    await depot.stop();
    await upstream.dispose();
  }
});
