import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseBtf } from '@btf-depot/btf';
import { attachVariables } from '@btf-depot/extras';
import { provided, providePythonProgram } from '@btf-depot/services/provision';
import { buildIdOf, kernelBtf, sha256Of } from '@btf-depot/testing';
import { testFolder } from '@btf-depot/testing/folders';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startFetch, type StartedFetch } from '../testing/start-fetch.ts';

const run = promisify(execFile);

const schemathesis = await provided(() =>
  providePythonProgram({ name: 'schemathesis', version: '4.32.5', module: 'schemathesis.cli' }),
);

const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
];

/** Build ingest answers the others. */
const READING = ['--include-tag', 'read'];

/** The same cases each time, in less than half a minute for each kernel. */
const AMOUNT = ['--max-examples', '5', '--generation-deterministic', '--no-color'];

const core = kernelBtf();
const vars = attachVariables(parseBtf(core), parseBtf(kernelBtf({ globals: true }))).bytes;
const buildId = buildIdOf('kernel');

const folder = testFolder();
let depot: StartedFetch;

if ('absent' in schemathesis) {
  const { absent } = schemathesis;
  test('needs schemathesis', (context) => context.skip(absent));
}

describe.skipIf('absent' in schemathesis)(
  'the OpenAPI document, in the eyes of schemathesis',
  () => {
    beforeAll(async () => {
      depot = await startFetch();
      const entry = { sha256: sha256Of(core), size: core.length, mediaType: 'application/gzip' };
      await depot.store({ core, vars }, { buildId, artifacts: { 'btf_vmlinux.ko.gz': entry } });
    });

    afterAll(() => depot.close());

    test.each([
      ['a kernel that is here', { buildId, artifact: 'btf_vmlinux.ko.gz', hash: sha256Of(core) }],
      ['whatever it makes up', {}],
    ])('no 5xx and no undocumented answer: %s', { timeout: 300_000 }, async (_of, parameters) => {
      const named = Object.entries(parameters).map(([name, value]) => `${name} = "${value}"`);
      await writeFile(join(folder, 'schemathesis.toml'), `[parameters]\n${named.join('\n')}\n`);
      const [python, ...module] = 'value' in schemathesis ? schemathesis.value : [''];
      const of = ['run', `${depot.url}/openapi.json`, ...READING];
      const asked = [...of, '--checks', CHECKS.join(), ...AMOUNT];
      const { stdout } = await run(python, [...module, ...asked], { cwd: folder }).catch(
        (error: unknown) => error as { stdout: string },
      );
      const summary = /Test cases:\n +(.*)/.exec(stdout)?.[1] ?? stdout;
      expect(summary, stdout).toMatch(/^(\d+) generated, \1 passed/);
    });
  },
);
