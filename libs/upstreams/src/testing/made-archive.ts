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

/** The spec of an RPM with a made-up vmlinux, for `rpmbuild -bb --target x86_64`. */
export function madeSpec(name: string, vmlinux: string, folder: string): string {
  return `Name: ${name}
Version: 6.12.1
Release: 200.fc42
Summary: made up
License: GPL
AutoReqProv: no
%global debug_package %{nil}
%global __os_install_post %{nil}
%global _build_id_links none
%description
made up
%install
mkdir -p %{buildroot}${folder}
cp ${vmlinux} %{buildroot}${folder}/vmlinux
%files
${folder}/vmlinux
`;
}

/** An archive whose indexes Debian's own programs made and signed. */
export class MadeArchive {
  readonly #folder = new TemporaryFolder();
  readonly #keys = new TemporaryFolder();
  readonly path = this.#folder.path;
  readonly keyring = join(this.path, 'keys.gpg');

  constructor(algorithm: 'ed25519' | 'rsa2048' = 'ed25519') {
    this.gpg('--quick-gen-key', 'archive <archive@example.org>', algorithm, 'sign', 'never');
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
    return this.#withKeys('gpg', ['--batch', '--yes', '--passphrase', '', ...args]);
  }

  /** Signs an RPM itself. */
  signPackage(path: string): void {
    const define = (name: string, value: string) => ['--define', `${name} ${value}`];
    const gpg = execFileSync('sh', ['-c', 'command -v gpg'], { encoding: 'utf8' }).trim();
    const key = define('_gpg_name', 'archive@example.org');
    this.#withKeys('rpmsign', [...key, ...define('__gpg', gpg), '--addsign', path]);
  }

  #withKeys(program: string, args: string[]): Buffer {
    const env = { ...process.env, GNUPGHOME: this.#keys.path };
    return execFileSync(program, args, {
      env,
      cwd: this.path,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  }

  /**
   * Makes indexes of the packages in `pool`, as a suite for amd64.
   * @param more fields of Release.
   */
  async index(more = '', suite = 'stable'): Promise<void> {
    const [command, ...first] = (await archiving()).aptFtparchive;
    const run = (...args: string[]) =>
      execFileSync(command, [...first, ...args], {
        cwd: this.path,
        stdio: ['ignore', 'pipe', 'ignore'],
      });
    const dists = `dists/${suite}`;
    const folder = `${dists}/main/binary-amd64`;
    rmSync(join(this.path, dists), { recursive: true, force: true });
    const packages = run('packages', 'pool');
    this.write(`${folder}/Packages`, packages);
    this.write(`${folder}/Packages.xz`, execFileSync('xz', ['-c'], { input: packages }));
    const options = Object.entries({
      Suite: suite,
      Components: 'main',
      Architectures: 'amd64',
    }).flatMap(([name, value]) => ['-o', `APT::FTPArchive::Release::${name}=${value}`]);
    this.write(`${dists}/Release`, `${run(...options, 'release', dists).toString()}${more}`);
    this.gpg('--clearsign', '-o', `${dists}/InRelease`, `${dists}/Release`);
  }

  remove(): void {
    const env = { ...process.env, GNUPGHOME: this.#keys.path };
    execFileSync('gpgconf', ['--kill', 'all'], { env, stdio: 'ignore' });
    this.#folder[Symbol.dispose]();
    this.#keys[Symbol.dispose]();
  }
}
