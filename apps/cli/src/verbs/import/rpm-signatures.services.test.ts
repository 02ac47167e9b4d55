import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Random } from '@btf-depot/btf/testing';
import { decompressAny } from '@btf-depot/codec';
import { rpmSignature } from '@btf-depot/compute';
import { archiving } from '@btf-depot/services';
import { buildIdOf } from '@btf-depot/testing';
import { testFolder } from '@btf-depot/testing/folders';
import { btfdepot } from '@btf-depot/testing/processes';
import { runIn, testWith } from '@btf-depot/testing/programs';
import { placeOf, readRpm, type ArchiveItem } from '@btf-depot/upstreams';
import { MadeArchive, madeSpec, madeVmlinux } from '@btf-depot/upstreams/testing';
import { afterAll, beforeAll, describe, expect } from 'vitest';

const programs = ['rpmbuild', 'rpmsign', 'rpmkeys', 'xz', 'gpg', 'gpgv'];
const MUTANTS = 60;
const folder = testFolder();
const kernel = { buildId: buildIdOf('signed alone'), release: '6.12.1-200.fc42.x86_64' };

describe.each(['ed25519', 'rsa2048'] as const)(
  'a repository without a signature, key %s:',
  (key) => {
    let archive: MadeArchive;
    let repository: string;
    let rpm: string;

    beforeAll(() => {
      archive = new MadeArchive(key);
      repository = join(archive.path, 'rpm');
      rpm = join(repository, `x86_64/kernel-debuginfo-6.12.1-200.fc42.x86_64.rpm`);
    });
    afterAll(() => archive.remove());

    async function build(): Promise<void> {
      const [vmlinux, spec] = ['vmlinux', 'kernel.spec'].map((name) => join(archive.path, name));
      await writeFile(vmlinux, madeVmlinux(kernel));
      const at = `/usr/lib/debug/lib/modules/${kernel.release}`;
      await writeFile(spec, madeSpec('kernel-debuginfo', vmlinux, at));
      const define = (name: string, value: string) => ['--define', `${name} ${value}`];
      await runIn(archive.path, [
        'rpmbuild',
        '-bb',
        '--target',
        'x86_64',
        ...define('_topdir', join(archive.path, 'build')),
        ...define('_rpmdir', repository),
        spec,
      ]);
      await index();
    }

    async function index(): Promise<void> {
      const { createrepo } = await archiving();
      await runIn(folder, [...createrepo, '--general-compress-type=gz', repository]);
    }

    let runs = 0;
    async function importWith(...args: string[]) {
      const at = join(folder, `${key}-${runs++}`);
      const common = ['--arch', 'x86_64', '--json', '--work', `${at}-work`, '--data', `${at}-data`];
      const { code, output } = await btfdepot(['import', repository, ...common, ...args], folder);
      const { items } = JSON.parse(output.slice(output.search(/^\{/m))) as {
        items: { outcome: string; error?: { code: string } }[];
      };
      return [code, ...items.map(({ outcome, error }) => error?.code ?? outcome)];
    }

    testWith(
      programs,
      'a package is taken by its own signature, or unsigned if told so',
      async () => {
        await build();
        const trusted = ['--keyring', archive.keyring];
        expect(await importWith(...trusted)).toEqual([1, 'unsigned']);
        archive.signPackage(rpm);
        await index();
        expect(await importWith(...trusted)).toEqual([0, 'imported']);
        const other = new MadeArchive();
        expect(await importWith('--keyring', other.keyring)).toEqual([1, 'unsigned']);
        other.remove();
        expect(await importWith('--unsigned')).toEqual([0, 'imported']);
      },
    );

    testWith(programs, 'of changed packages none is taken that rpmkeys refuses', async () => {
      const db = join(archive.path, 'db');
      await mkdir(db);
      await writeFile(join(db, 'key.asc'), archive.gpg('--armor', '--export'));
      await runIn(db, ['rpmkeys', '--dbpath', db, '--import', join(db, 'key.asc')]);
      const isOfPeer = async (path: string) => {
        const level = ['--define', '_pkgverify_level all'];
        const args = ['--dbpath', db, ...level, '--checksig', path];
        return new Promise<boolean>((resolve) =>
          execFile('rpmkeys', args, (e) => resolve(e === null)),
        );
      };
      const reading = {
        trust: { keyrings: [archive.keyring] },
        unpacked: (bytes: Uint8Array) => decompressAny(bytes, { limit: 2 ** 24 }),
        rpmSignature,
        signal: new AbortController().signal,
      };
      const items: ArchiveItem[] = [];
      for await (const item of readRpm(placeOf(repository), {}, reading)) items.push(item);
      const isOurs = async (path: string) =>
        (await items[0]?.verify?.(path).then(
          () => true,
          () => false,
        )) ?? false;
      expect([await isOfPeer(rpm), await isOurs(rpm)]).toEqual([true, true]);

      const bytes = await readFile(rpm);
      const { header, payload } = rpmSignature(rpm);
      const signed = payload - header.length;
      const random = new Random(2026);
      const path = join(archive.path, 'mutant.rpm');
      const verdicts = { both: 0, neither: 0, peer: 0, ours: [] as number[] };
      for (let mutant = 0; mutant < MUTANTS; mutant++) {
        // Half of them anywhere: much of the file is space that is reserved for signatures.
        const from = mutant % 2 === 0 ? 0 : signed;
        const at = from + random.next(bytes.length - from);
        const changed = Buffer.from(bytes);
        changed[at] ^= 1 << random.next(8);
        await writeFile(path, changed);
        const [peer, ours] = [await isOfPeer(path), await isOurs(path)];
        if (ours && !peer) verdicts.ours.push(at);
        else verdicts[peer && ours ? 'both' : peer ? 'peer' : 'neither']++;
      }
      // rpmkeys also compares what says nothing of the files: the lead, and older digests beside the
      // signature.
      expect(verdicts.ours.filter((at) => at >= signed)).toEqual([]);
      expect(verdicts.neither).toBeGreaterThanOrEqual(MUTANTS / 2);
    });
  },
);
