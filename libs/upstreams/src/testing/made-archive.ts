import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { archiving } from '@btf-depot/services';
import { kernelBtf, kernelFile } from '@btf-depot/testing';
import { debFile } from '@btf-depot/testing/packages';
import { TemporaryFolder } from '@btf-depot/testing/temporary-folder';

export interface MadeKernel {
  buildId: string;
  release: string;
}

/** A made-up vmlinux with variables, as in a package. */
export function madeVmlinux({ buildId }: MadeKernel): Uint8Array {
  return kernelFile({ buildId, btf: kernelBtf({ globals: true }) });
}

/** @param kind `dbgsym`: one whose index names its build IDs. */
export function madePackage(kernel: MadeKernel, kind: 'dbg' | 'dbgsym' = 'dbg'): Uint8Array {
  return debFile({
    package: `linux-image-${kernel.release}-${kind}`,
    fields: kind === 'dbgsym' ? [`Build-Ids: ${kernel.buildId}`] : [],
    version: '6.12-1',
    maintainer: 'Debian Kernel Team <debian-kernel@lists.debian.org>',
    members: [
      { name: `./usr/lib/debug/boot/vmlinux-${kernel.release}`, bytes: madeVmlinux(kernel) },
    ],
  });
}

/** An archive whose indexes Debian's own programs made and signed. */
export class MadeArchive {
  readonly #folder = new TemporaryFolder();
  readonly #keys = new TemporaryFolder();
  readonly path = this.#folder.path;
  readonly keyring = join(this.path, 'keys.gpg');

  constructor() {
    this.gpg('--quick-gen-key', 'archive <archive@example.org>', 'ed25519', 'sign', 'never');
    writeFileSync(this.keyring, this.gpg('--export'));
    // The servers of static files in tools/services look for this.
    writeFileSync(join(this.path, 'SHA256SUMS'), '');
  }

  write(path: string, bytes: Uint8Array | string): void {
    const file = join(this.path, path);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, bytes);
  }

  gpg(...args: string[]): Buffer {
    const env = { ...process.env, GNUPGHOME: this.#keys.path };
    return execFileSync('gpg', ['--batch', '--yes', '--passphrase', '', ...args], {
      env,
      cwd: this.path,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  }

  /**
   * Makes indexes of the packages in `pool`, as suite `stable` for amd64.
   * @param more fields of Release.
   */
  async index(more = ''): Promise<void> {
    const [command, ...first] = (await archiving()).aptFtparchive;
    const run = (...args: string[]) =>
      execFileSync(command, [...first, ...args], {
        cwd: this.path,
        stdio: ['ignore', 'pipe', 'ignore'],
      });
    const folder = 'dists/stable/main/binary-amd64';
    rmSync(join(this.path, 'dists'), { recursive: true, force: true });
    const packages = run('packages', 'pool');
    this.write(`${folder}/Packages`, packages);
    this.write(`${folder}/Packages.xz`, execFileSync('xz', ['-c'], { input: packages }));
    const options = Object.entries({
      Suite: 'stable',
      Components: 'main',
      Architectures: 'amd64',
    }).flatMap(([name, value]) => ['-o', `APT::FTPArchive::Release::${name}=${value}`]);
    this.write(
      'dists/stable/Release',
      `${run(...options, 'release', 'dists/stable').toString()}${more}`,
    );
    this.gpg('--clearsign', '-o', 'dists/stable/InRelease', 'dists/stable/Release');
  }

  remove(): void {
    const env = { ...process.env, GNUPGHOME: this.#keys.path };
    execFileSync('gpgconf', ['--kill', 'all'], { env, stdio: 'ignore' });
    this.#folder[Symbol.dispose]();
    this.#keys[Symbol.dispose]();
  }
}
