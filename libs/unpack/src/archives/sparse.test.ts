import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { kernelFile } from '@btf-depot/testing';
import { testFolder } from '@btf-depot/testing/folders';
import { tarFile, tarMember, type MemberInput } from '@btf-depot/testing/packages';
import { beforeAll, describe, expect, it } from 'vitest';
import { codeOf, unpackBytes } from '../testing/in-memory.ts';

const MiB = 2 ** 20;
const kernel = kernelFile({ ballast: 4000 });

const folder = testFolder();

beforeAll(() => {
  holed('vmlinux', 40 * MiB, 30);
  holed('other', 40 * MiB, 3);
});

/** A kernel followed by a hole with that many islands of data. */
function holed(name: string, size: number, islands: number): void {
  const file = openSync(join(folder, name), 'w');
  writeSync(file, kernel);
  for (let i = 1; i < islands; i++) {
    writeSync(file, Buffer.alloc(5000, i), 0, 5000, i * MiB + 4096);
  }
  ftruncateSync(file, size);
  closeSync(file);
}

function archive(flags: readonly string[], ...files: string[]): Uint8Array {
  const args = ['--sparse', '--hole-detection=raw', ...flags, '-cf', '-', '-C', folder, ...files];
  return new Uint8Array(execFileSync('tar', args, { maxBuffer: 2 ** 28 }));
}

describe.each([
  ['oldgnu', ['--format=oldgnu']],
  ['gnu', ['--format=gnu']],
  ['pax 0.0', ['--format=pax', '--sparse-version=0.0']],
  ['pax 0.1', ['--format=pax', '--sparse-version=0.1']],
  ['pax 1.0', ['--format=pax', '--sparse-version=1.0']],
])('sparse files as GNU tar writes them: %s', (_format, flags) => {
  it('are small in the archive, and whole when they come out', async () => {
    const bytes = archive(flags, 'vmlinux');
    expect(bytes.length).toBeLessThan(MiB);
    const { files } = await unpackBytes(bytes);
    expect(files.map(({ kind, name }) => [kind, name])).toEqual([['elf', 'vmlinux']]);
    const original = readFileSync(join(folder, 'vmlinux'));
    expect(Buffer.compare(files[0]?.bytes ?? new Uint8Array(), original)).toBe(0);
  });

  it('are passed over where they are not wanted', async () => {
    const { files } = await unpackBytes(archive(flags, 'other', 'vmlinux', 'other'));
    expect(files.map(({ name }) => name)).toEqual(['vmlinux']);
  });

  it('are refused where they are cut, and where little stands for a lot', async () => {
    const bytes = archive(flags, 'vmlinux');
    const middle = Math.floor(bytes.length / 3);
    expect(await codeOf(unpackBytes(bytes.subarray(0, middle)))).toBe('tar-truncated');
    holed('vmlinuz', 128 * MiB, 2);
    expect(await codeOf(unpackBytes(archive(flags, 'vmlinuz')))).toBe('tar-limit');
  });
});

describe('a map that lies', () => {
  const data = new Uint8Array(1024).fill(1);
  const map = (text: string) => new Uint8Array(Buffer.from(text.padEnd(512, '\0')));
  /** A record of a pax header, after its own length. */
  const pax = (key: string, value: string) => {
    const record = ` GNU.sparse.${key}=${value}\n`;
    let length = record.length + 1;
    while (`${length}${record}`.length > length) length++;
    return `${length}${record}`;
  };
  const member = (text: string) => {
    const fields = { major: '1', minor: '0', name: 'vmlinux', realsize: '1048576' };
    const records = Object.entries(fields).map(([key, value]) => pax(key, value));
    const bytes = new Uint8Array(Buffer.concat([map(text), data]));
    return new Uint8Array(
      Buffer.concat([
        tarMember({ name: 'pax', type: 'x', bytes: new Uint8Array(Buffer.from(records.join(''))) }),
        tarMember({ name: 'GNUSparseFile.1/vmlinux', bytes }),
        new Uint8Array(1024),
      ]),
    );
  };

  it.each([
    ['runs that overlap', '2\n0\n512\n256\n512\n'],
    ['a run behind the end', '1\n1048000\n1024\n'],
    ['more than there is', '1\n0\n2048\n'],
    ['less than there is', '1\n0\n512\n'],
    ['no numbers', 'one\n'],
    ['a million runs', '1000000\n'],
    // Two gigabytes are sent as some kilobytes.
    ['a number without end', '1'.repeat(8 * MiB)],
  ])('%s', async (_what, text) => {
    expect(await codeOf(unpackBytes(member(text)))).toBe('tar-corrupt');
  });

  it.each([
    ['more runs than a call has arguments', 1, pax('map', Array(130_000).fill('1').join())],
    ['many records that do not say where they begin', 64, '5===='.repeat(52_000)],
  ])('%s, in the header', async (_what, times, fields) => {
    const header = pax('size', '1048576') + pax('name', 'vmlinux') + fields;
    const member = { name: 'p', type: 'x', bytes: new Uint8Array(Buffer.from(header)) };
    const members = [
      ...Array<MemberInput>(times).fill(member),
      { name: 'vmlinux', bytes: new Uint8Array(1024) },
    ];
    const started = performance.now();
    expect(await codeOf(unpackBytes(tarFile(members)))).toBe('tar-corrupt');
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it('is none where it does not', async () => {
    expect(await codeOf(unpackBytes(member('2\n0\n512\n4096\n512\n')))).toBe('unpack-nothing');
  });
});
