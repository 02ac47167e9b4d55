// Turns the process that loads it first (NODE_OPTIONS=--import=…) into one of a made-up next
// version, by changing a few lines of its sources while they are loaded. BTFDEPOT_TEST_NEXT says
// which: `additive` writes a field that this version does not know; `breaking` raises the versions
// of records and jobs as well.
import { registerHooks } from 'node:module';

type Edit = [file: RegExp, from: string, to: string];

const ADDITIVE: Edit[] = [
  [/\/depot\/src\/merge-record\.ts$/, 'revision: 1,', 'revision: 1, cellar: { bottles: 12 },'],
];
const BREAKING: Edit[] = [
  ...ADDITIVE,
  [/\/contracts\/src\/record\.ts$/, 'RECORD_SCHEMA = 1', 'RECORD_SCHEMA = 2'],
  [/\/contracts\/src\/job\.ts$/, 'JOB_VERSION = 1', 'JOB_VERSION = 2'],
];

const edits = process.env.BTFDEPOT_TEST_NEXT === 'breaking' ? BREAKING : ADDITIVE;

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    for (const [file, from, to] of edits) {
      if (!file.test(url)) continue;
      const source = Buffer.from(loaded.source as Uint8Array).toString();
      if (!source.includes(from)) throw new Error(`${url}: no ${from}`);
      loaded.source = source.replace(from, to);
    }
    return loaded;
  },
});
