// Turns the process that loads it first (NODE_OPTIONS=--import=…) into a made-up next version, by
// changing a few lines of its sources during loading. BTFDEPOT_TEST_NEXT selects it: `additive`
// writes a field that this version does not know; `breaking` also raises the versions of records
// and jobs.
import { existsSync } from 'node:fs';
import { registerHooks } from 'node:module';

type Edit = [file: URL, from: string, to: string];

function source(path: string): URL {
  const url = new URL(`../../../../libs/${path}`, import.meta.url);
  if (!existsSync(url)) throw new Error(`there is no ${url.href} to be changed`);
  return url;
}

const ADDITIVE: Edit[] = [
  [
    source('depot/src/accept/merge-record.ts'),
    'revision: 1,',
    'revision: 1, cellar: { bottles: 12 },',
  ],
];
const BREAKING: Edit[] = [
  ...ADDITIVE,
  [source('contracts/src/record/record.ts'), 'RECORD_SCHEMA = 2', 'RECORD_SCHEMA = 3'],
  [source('contracts/src/job.ts'), 'JOB_VERSION = 2', 'JOB_VERSION = 3'],
];

const edits = process.env.BTFDEPOT_TEST_NEXT === 'breaking' ? BREAKING : ADDITIVE;

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    for (const [file, from, to] of edits) {
      if (file.href !== url) continue;
      const text = Buffer.from(loaded.source as Uint8Array).toString();
      if (!text.includes(from)) throw new Error(`${url}: no ${from}`);
      loaded.source = text.replace(from, to);
    }
    return loaded;
  },
});
