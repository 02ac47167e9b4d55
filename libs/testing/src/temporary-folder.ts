import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** An empty folder of its own, until it is disposed of. Tests as such take `testFolder`. */
export class TemporaryFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'btf-depot-test-'));

  at(...names: string[]): string {
    return join(this.path, ...names);
  }

  /** Removes it with all that is in it, once or again. */
  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
