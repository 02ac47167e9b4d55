import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** An empty folder that exists until it is disposed of. In tests use `testFolder`. */
export class TemporaryFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'btf-depot-test-'));

  at(...names: string[]): string {
    return join(this.path, ...names);
  }

  /** Removes it with its contents; may be called again. */
  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
