import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';

/**
 * A folder for the tests of the file or the `describe` that calls this: made before the first of
 * them, removed after the last one, and never made if all are skipped.
 *
 * @param options.atOnce made by this call, for what the body of a `describe` writes.
 * @returns its path.
 */
export function testFolder({ atOnce = false } = {}): string {
  const path = freePath();
  if (atOnce) mkdirSync(path);
  else beforeAll(() => mkdirSync(path));
  afterAll(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** The same path, with an empty folder for each test. */
export function folderOfEachTest(): string {
  const path = freePath();
  beforeEach(() => mkdirSync(path));
  afterEach(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function freePath(): string {
  return join(tmpdir(), `btf-depot-test-${randomUUID()}`);
}
