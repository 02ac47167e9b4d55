import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, truncate, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { openFsStores } from '@btf-depot/blob-store';
import { DepotClient } from '@btf-depot/client';
import { PACKING } from '@btf-depot/contracts';
import {
  buildIdOf,
  kernelBtf,
  kernelFile,
  kernelRecord,
  sha256Of,
  someBytes,
} from '@btf-depot/testing';
import { testFolder } from '@btf-depot/testing/folders';
import { btfdepot, startDepot, type StartedDepot } from '@btf-depot/testing/processes';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const run = promisify(execFile);

const folder = testFolder();

/** Faults of a file on a disk; verified-blobs.test.ts has more. */
const DAMAGE: Record<string, (path: string, other: string) => Promise<void>> = {
  'bytes of another blob': async (path, other) => writeFile(path, await readFile(other)),
  'a cut end': async (path) => truncate(path, (await readFile(path)).length - 1),
  'no file': (path) => unlink(path),
  'a folder in its place': async (path) => {
    await unlink(path);
    await mkdir(path);
  },
};
const KINDS = Object.keys(DAMAGE);

const pathOf = (data: string, sha256: string) =>
  join(folder, data, 'blobs', 'sha256', sha256.slice(0, 2), sha256);

interface Answer {
  /** Whether curl takes the answer for complete. */
  complete: boolean;
  status: number;
  bytes: Buffer;
}

let answers = 0;

/** curl as anybody runs it: people use any answer that it reports as complete. */
async function curl(url: string, ...args: string[]): Promise<Answer> {
  const file = join(folder, `answer ${answers++}`);
  const words = ['-sS', '-o', file, '-w', '%{http_code}', ...args, url];
  const ran = await run('curl', words).then(
    ({ stdout }) => ({ code: 0, stdout }),
    (error: unknown) => error as { code: number; stdout: string },
  );
  const bytes = await readFile(file).catch(() => Buffer.alloc(0));
  const status = Number(ran.stdout);
  return { complete: ran.code === 0 && (status === 200 || status === 206), status, bytes };
}

const NAMES = ['btf_vmlinux.ko', 'vmlinux.btf'] as const;

/** A small and a large artifact, in bytes that no other kernel has. */
function kernelOf(seed: string) {
  const files = {
    'btf_vmlinux.ko': someBytes(9_000_000, `large ${seed}`),
    'vmlinux.btf': someBytes(100_000, `core ${seed}`),
  };
  const entry = (bytes: Uint8Array) => ({ sha256: sha256Of(bytes), size: bytes.length });
  const core = entry(files['vmlinux.btf']);
  const record = kernelRecord({
    buildId: buildIdOf(seed),
    state: 'ready',
    packing: PACKING,
    core: { ...core, types: 1, origin: 'verbatim' },
    artifacts: {
      'btf_vmlinux.ko': { ...entry(files['btf_vmlinux.ko']), mediaType: 'application/x-object' },
      'vmlinux.btf': { ...core, mediaType: 'application/octet-stream' },
    },
  });
  return { record, files };
}

describe.each([
  ['in memory', '64m'],
  ['passed on', '1'],
])('if blobs are %s, no complete answer is wrong', (name, hot) => {
  let depot: StartedDepot;
  const data = `served ${name}`;
  const counts = { complete: 0, refused: 0, wrong: 0 };

  beforeAll(async () => {
    const { blobs, records } = await openFsStores(join(folder, data));
    for (const kind of [...KINDS, 'sound']) {
      const { record, files } = kernelOf(`${kind} ${name}`);
      for (const bytes of Object.values(files)) await blobs.put(sha256Of(bytes), bytes);
      await records.put(record, undefined);
    }
    for (const kind of KINDS) {
      const { files } = kernelOf(`${kind} ${name}`);
      const other = pathOf(data, sha256Of(kernelOf(`sound ${name}`).files['vmlinux.btf']));
      for (const bytes of Object.values(files)) {
        await DAMAGE[kind]?.(pathOf(data, sha256Of(bytes)), other);
      }
    }
    depot = await startDepot(join(folder, data), {
      BTFDEPOT_HOT_BLOBS: hot,
      BTFDEPOT_SWEEP_PERIOD: '3600',
    });
  }, 300_000);

  afterAll(() => depot.stop());

  test.each([...KINDS, 'sound'])(
    '%s',
    async (kind) => {
      const { record, files } = kernelOf(`${kind} ${name}`);
      for (const artifact of NAMES) {
        const bytes = files[artifact];
        const last = bytes.length - 1;
        const paths = [
          `/v1/kernels/${record.buildId}/${artifact}`,
          `/v1/blobs/sha256/${sha256Of(bytes)}`,
          ...(artifact === 'vmlinux.btf' ? [`/buildid/${record.buildId}/section/.BTF`] : []),
        ];
        for (const path of paths) {
          for (const [args, expected] of [
            [[], bytes],
            [['-r', '0-9'], bytes.subarray(0, 10)],
            [['-r', `${last - 9}-`], bytes.subarray(last - 9)],
            [['-r', '5-20000'], bytes.subarray(5, 20_001)],
          ] as const) {
            const answer = await curl(`${depot.url}${path}`, ...args);
            const isRight = answer.bytes.equals(expected);
            if (answer.complete && !isRight) counts.wrong++;
            counts[answer.complete ? 'complete' : 'refused']++;
            expect(answer.complete, `${path} ${args.join(' ')}: ${answer.status}`).toBe(
              kind === 'sound',
            );
            if (path.startsWith('/buildid/') && kind !== 'sound') expect(answer.status).toBe(406);
          }
          const head = await curl(`${depot.url}${path}`, '-I');
          expect(head.complete).toBe(kind === 'sound');
        }
      }
      expect(counts.wrong).toBe(0);
    },
    300_000,
  );
});

describe('a depot heals', () => {
  const data = 'healed';
  let depot: StartedDepot;
  const push = (file: string) => btfdepot(['push', '--url', depot.url, file], folder);
  const status = async (buildId: string) =>
    (await new DepotClient(depot.url).status(buildId)) ?? {};
  const notes = async () =>
    (await readdir(join(folder, data, 'damaged'))).filter((name) => name !== 'records');
  const becomes = (buildId: string, expected: object) =>
    expect.poll(() => status(buildId)).toMatchObject(expected);

  /** @param content kernels of the same content share its blobs. */
  async function pushed(seed: string, content = seed) {
    const buildId = buildIdOf(seed);
    const file = seed.replaceAll(' ', '_');
    const btf = kernelBtf({ name: content.replaceAll(' ', '_') });
    await writeFile(join(folder, file), kernelFile({ buildId, btf }));
    expect(await push(file)).toMatchObject({ code: 0 });
    const record = await new DepotClient(depot.url).record(buildId);
    return { buildId, file, record };
  }

  beforeAll(async () => {
    depot = await startDepot(join(folder, data), {
      BTFDEPOT_HOT_BLOBS: '1',
      BTFDEPOT_SWEEP_PERIOD: '0.3',
      BTFDEPOT_RECORD_AGE: '0.05',
    });
  });
  afterAll(() => depot.stop());

  test.each(KINDS)(
    'a part with %s, as soon as its file is pushed again',
    async (kind) => {
      const { buildId, file, record } = await pushed(`part ${kind}`);
      const { sha256 = '' } = record?.core ?? {};
      const carrier = record?.artifacts['btf_vmlinux.ko.gz']?.sha256 ?? '';
      await DAMAGE[kind]?.(pathOf(data, sha256), pathOf(data, carrier));
      await curl(`${depot.url}/v1/blobs/sha256/${sha256}`);
      await becomes(buildId, { state: 'failed', report: { failure: { code: 'lost-part' } } });
      const again = await push(file);
      expect(again).toMatchObject({ code: 0, output: expect.stringContaining('sent') as string });
      // 2 if the sweep saw the blob back before the upload was written to the record.
      await becomes(buildId, { state: 'ready', revision: expect.toBeOneOf([2, 3]) as number });
      const answer = await curl(`${depot.url}/v1/blobs/sha256/${sha256}`);
      expect([answer.complete, sha256Of(answer.bytes)]).toEqual([true, sha256]);
      await expect.poll(notes).toEqual([]);
    },
    120_000,
  );

  test('all kernels that share a part, when one of them is pushed again', async () => {
    const one = await pushed('shares', 'shared');
    const other = await pushed('shares too', 'shared');
    const { sha256 = '' } = one.record?.core ?? {};
    expect(other.record?.core.sha256).toBe(sha256);
    await unlink(pathOf(data, sha256));
    await curl(`${depot.url}/v1/blobs/sha256/${sha256}`);
    for (const { buildId } of [one, other]) {
      await becomes(buildId, { state: 'failed', report: { failure: { code: 'lost-part' } } });
    }
    expect(await push(one.file)).toMatchObject({ code: 0 });
    for (const { buildId } of [one, other]) await becomes(buildId, { state: 'ready' });
    await expect.poll(notes).toEqual([]);
  }, 120_000);

  test.each(KINDS)(
    'an artifact with %s, by itself',
    async (kind) => {
      const { buildId, record } = await pushed(`artifact ${kind}`);
      const { sha256 = '' } = record?.artifacts['btf_vmlinux.ko.gz'] ?? {};
      await DAMAGE[kind]?.(pathOf(data, sha256), pathOf(data, record?.core.sha256 ?? ''));
      const path = `${depot.url}/v1/kernels/${buildId}/btf_vmlinux.ko.gz`;
      expect((await curl(path)).complete).toBe(false);
      await becomes(buildId, { state: 'ready', revision: 2 });
      const answer = await curl(path);
      expect([answer.complete, sha256Of(answer.bytes)]).toEqual([true, sha256]);
      await expect.poll(notes).toEqual([]);
    },
    120_000,
  );
});

describe('fsck --repair heals a store that nobody reads', () => {
  const data = 'repaired';
  const fsck = (...args: string[]) => btfdepot(['fsck', '--data', data, ...args], folder);

  test('lost parts, lost artifacts, malformed records; a newer record stays', async () => {
    const seeds = ['part', 'artifact', 'no_json', 'empty', 'no_core', 'newer'];
    const records = new Map<string, string>();
    let depot = await startDepot(join(folder, data));
    const push = (seed: string) =>
      btfdepot(['push', '--url', depot.url, `repaired ${seed}`], folder);
    for (const seed of seeds) {
      const buildId = buildIdOf(`repaired ${seed}`);
      const btf = kernelBtf({ name: `repaired_${seed}` });
      await writeFile(join(folder, `repaired ${seed}`), kernelFile({ buildId, btf }));
      expect(await push(seed)).toMatchObject({ code: 0 });
      records.set(seed, buildId);
    }
    const found = async (seed: string) =>
      new DepotClient(depot.url).record(records.get(seed) ?? '');
    const [part, artifact] = [await found('part'), await found('artifact')];
    await depot.stop();

    const recordFile = async (seed: string) => {
      const buildId = records.get(seed) ?? '';
      const of = join(folder, data, 'kernels', buildId.slice(0, 2), buildId, 'record');
      const numbers = (await readdir(of)).map((name) => Number.parseInt(name, 10));
      return join(of, `${Math.max(...numbers)}.json`);
    };
    const rewrite = async (seed: string, change: (json: Record<string, unknown>) => object) => {
      const path = await recordFile(seed);
      const json = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
      await writeFile(path, JSON.stringify(change(json)));
    };
    await unlink(pathOf(data, part?.core.sha256 ?? ''));
    const { sha256 = '' } = artifact?.artifacts['btf_vmlinux.ko.gz'] ?? {};
    await writeFile(pathOf(data, sha256), 'other bytes');
    await truncate(await recordFile('no_json'), 100);
    await truncate(await recordFile('empty'), 0);
    await rewrite('no_core', ({ core: _, ...others }) => others);
    await rewrite('newer', (json) => ({ ...json, schema: 99, core: 'elsewhere' }));
    const newer = await readFile(await recordFile('newer'), 'utf8');

    const aside = async () => {
      const { output } = await fsck('--blobs-only', '--json');
      return (JSON.parse(output) as { aside: string[] }).aside;
    };
    const checked = await fsck();
    expect(checked.code).toBe(1);
    for (const seed of seeds) expect(checked.output).toContain(records.get(seed));
    const repaired = await fsck('--repair');
    expect(repaired.output).toContain(`${records.get('part')}: failed`);
    expect(repaired.output).toContain(`${records.get('artifact')}: remaking`);
    for (const seed of ['no_json', 'empty', 'no_core']) {
      expect(repaired.output).toContain(`${records.get(seed)}: its record is set aside`);
      expect(repaired.output).toContain(`set aside: damaged/records/${records.get(seed)}`);
    }
    expect(await readFile(await recordFile('newer'), 'utf8')).toBe(newer);

    depot = await startDepot(join(folder, data), { BTFDEPOT_SWEEP_PERIOD: '0.3' });
    for (const seed of ['part', 'no_json', 'empty', 'no_core']) {
      const { code, output } = await push(seed);
      expect([seed, code], output).toEqual([seed, 0]);
    }
    await new DepotClient(depot.url).waitUntilDone(records.get('artifact') ?? '');
    await depot.stop();
    const after = await fsck('--json');
    const { findings } = JSON.parse(after.output) as { findings: { buildId: string }[] };
    expect(findings.map(({ buildId }) => buildId)).toEqual([records.get('newer')]);
    expect(await aside()).toHaveLength(3);
    const gc = await btfdepot(['gc', '--data', data, '--set-aside', 'healed'], folder);
    // No blob is deleted as long as a record of a newer version may name it.
    expect(gc).toMatchObject({ code: 1 });
    for (const seed of ['no_json', 'empty', 'no_core']) {
      expect(gc.output).toContain(`damaged/records/${records.get(seed)}`);
    }
    expect(await aside()).toEqual([]);
  }, 300_000);

  test('in parts, by a cursor that outlives the process', async () => {
    const sizes: number[] = [];
    for (let round = 0; round < 4; round++) {
      const { output } = await fsck('--blobs-only', '--limit', '4', '--cursor', 'at', '--json');
      sizes.push((JSON.parse(output) as { kernels: number }).kernels);
    }
    expect(sizes).toEqual([4, 2, 4, 2]);
    expect(await fsck('--limit', '0')).not.toMatchObject({ code: 0 });
  }, 120_000);

  test('an unreachable store is not damage: exit status 2', async () => {
    const settings = {
      BTFDEPOT_S3_ENDPOINT: 'http://127.0.0.1:9',
      BTFDEPOT_S3_ACCESS_KEY: 'key',
      BTFDEPOT_S3_SECRET_KEY: 'secret',
    };
    const { code, output } = await btfdepot(['fsck'], folder, settings);
    expect([code, output]).toEqual([2, expect.stringContaining('cannot')]);
  });
});

test('copies are sound, and damaged blobs of the target are healed', async () => {
  const [from, to] = ['copied from', 'copied to'];
  const stores = await openFsStores(join(folder, from));
  const { record, files } = kernelOf('copied');
  for (const bytes of Object.values(files)) await stores.blobs.put(sha256Of(bytes), bytes);
  await stores.records.put(record, undefined);
  const damaged = pathOf(to, record.core.sha256);
  await mkdir(dirname(damaged), { recursive: true });
  await writeFile(damaged, 'other bytes');
  expect(await btfdepot(['copy', from, to, '--verify'], folder)).toMatchObject({ code: 0 });
  expect(sha256Of(await readFile(damaged))).toBe(record.core.sha256);
  await writeFile(pathOf(from, record.core.sha256), 'other bytes');
  const { code, output } = await btfdepot(['copy', from, 'third'], folder);
  expect([code, output]).toEqual([1, expect.stringContaining(record.core.sha256)]);
}, 120_000);
