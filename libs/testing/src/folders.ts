import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';

/**
 * A folder for the tests of the calling file or `describe`: made before the first of them, removed
 * after the last one, and not made if all are skipped.
 *
 * @param options.atOnce makes it in this call, for files that the body of a `describe` writes.
 * @returns its path.
 */
export function testFolder({ atOnce = false } = {}): string {
  const path = freePath();
  if (atOnce) mkdirSync(path);
  else beforeAll(() => mkdirSync(path));
  afterAll(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** The same path for all tests, with an empty folder for each. */
export function folderOfEachTest(): string {
  const path = freePath();
  beforeEach(() => mkdirSync(path));
  afterEach(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function freePath(): string {
  return join(tmpdir(), `btf-depot-test-${randomUUID()}`);
}
