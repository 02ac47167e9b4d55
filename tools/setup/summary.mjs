// Adds up vitest's JSON results of several runs: a line for each tier, then one for all. Fails if
// no test ran at all, which would otherwise look like success.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2];
const total = { passed: 0, failed: 0, skipped: 0 };
const line = ({ passed, failed, skipped }) =>
  `${passed} passed, ${failed} failed, ${skipped} skipped`;

for (const file of readdirSync(folder).sort()) {
  const result = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  const counts = {
    passed: result.numPassedTests,
    // A file that cannot be loaded has no tests that could fail.
    failed: result.numFailedTests + result.testResults.filter(isUnloaded).length,
    skipped: result.numPendingTests + result.numTodoTests,
  };
  for (const key of Object.keys(total)) total[key] += counts[key];
  process.stdout.write(`${file.replace('.json', '')}: ${line(counts)}\n`);
}
process.stdout.write(`${line(total)}\n`);
if (total.passed === 0) process.exit(1);

function isUnloaded({ status, assertionResults }) {
  return status === 'failed' && assertionResults.length === 0;
}
