import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  addComposite,
  addInt,
  addSection,
  addVariable,
  BtfBuilder,
  IntEncoding,
  Kind,
} from '@btf-depot/btf';
import { SectionType } from '@btf-depot/elf';
import { executable } from '@btf-depot/elf/testing';
import { buildIdNote, buildIdOf } from '@btf-depot/testing';
import { testDepot } from '@btf-depot/testing/depots';
import { testFolder } from '@btf-depot/testing/folders';
import { debFile } from '@btf-depot/testing/packages';
import { btfdepot } from '@btf-depot/testing/processes';
import { beforeAll, describe, expect, test } from 'vitest';

/** Clears a terminal, rings, reverses the direction of writing, ends a line and an element. */
const EVIL = '\x1b[2J\x07\r\n';
const MARKUP = '6.12"><img/src=x>';
const RODATA = 0xffffffff82000000n;

const folder = testFolder();
const depot = testDepot(join(folder, 'data'));

/** BTF with hostile names of types and sections, and on request of variables. */
function hostileBtf({ variables = false } = {}): Uint8Array {
  const b = new BtfBuilder();
  const int = addInt(b, 'int', 4, IntEncoding.SIGNED);
  addInt(b, 'long unsigned int', 8);
  const member = { name: `${EVIL}member`, type: int, bitOffset: 0 };
  const struct = addComposite(b, Kind.STRUCT, `${EVIL}struct`, 4, [member]);
  if (variables) {
    const variable = addVariable(b, `${EVIL}variable`, struct, 1);
    addSection(b, `.data${EVIL}`, 4, [{ type: variable, offset: 0, size: 4 }]);
  }
  return b.finish();
}

function hostileKernel(buildId: string, vermagic: string, release: string): Uint8Array {
  const rodata = Buffer.from(`${vermagic}\0Linux version ${release} (x@y) #1\n\0`, 'latin1');
  return executable({
    sections: [
      { name: '.rodata', address: RODATA, bytes: rodata },
      { name: '.notes', type: SectionType.NOTE, bytes: buildIdNote(buildId, 'little') },
      { name: '.BTF', bytes: hostileBtf() },
      { name: `.evil${EVIL}`, bytes: new Uint8Array(4) },
    ],
    symbols: [
      { name: 'vermagic', value: RODATA, size: vermagic.length + 1 },
      {
        name: 'linux_banner',
        value: RODATA + BigInt(vermagic.length + 1),
        size: rodata.length - vermagic.length - 1,
      },
    ],
  });
}

/** No control character but tab and line end. */
const CLEAN = /^[^\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]*$/;

describe('names in a file reach no terminal as they are, shown by', () => {
  beforeAll(async () => {
    const kernel = hostileKernel(buildIdOf('shown'), `${MARKUP} SMP `, MARKUP);
    await writeFile(join(folder, 'vmlinux'), kernel);
    await writeFile(join(folder, 'full.btf'), hostileBtf({ variables: true }));
  });

  test.each([
    'inspect vmlinux',
    'inspect full.btf',
    'vars full.btf',
    'dump full.btf',
    'dump full.btf --as c',
    'verify full.btf',
    'split vmlinux --full full.btf -o parts',
    'carrier --kernel vmlinux -o carrier.ko',
    'push vmlinux',
  ])('%s', async (command) => {
    const { output } = await btfdepot(command.split(' '), folder, { BTFDEPOT_URL: depot.url });
    expect(output.length).toBeGreaterThan(0);
    expect(output).toMatch(CLEAN);
  });
});

test('a hostile vermagic is refused and not repeated', async () => {
  const kernel = hostileKernel(buildIdOf('vermagic'), `6.12 ${EVIL}`, '6.12');
  const response = await fetch(`${depot.url}/v1/kernels`, {
    method: 'POST',
    body: new Uint8Array(kernel),
  });
  const text = await response.text();
  expect([response.status, (JSON.parse(text) as { code: string }).code]).toEqual([422, 'bad-elf']);
  expect(text).not.toMatch(/\\u001b|2J/);
  expect((await fetch(`${depot.url}/v1/kernels/${buildIdOf('vermagic')}`)).status).toBe(404);
});

test('markup in a release and a package is JSON wherever it is answered', async () => {
  const kernel = hostileKernel(buildIdOf('markup'), `${MARKUP} SMP `, MARKUP);
  const deb = debFile({
    package: 'linux"><img/src=x>',
    members: [
      { name: './usr/lib/debug/boot/vmlinux"><img>', bytes: new Uint8Array(4) },
      { name: './boot/vmlinux', bytes: kernel },
    ],
  });
  const body = new Uint8Array(deb);
  expect((await fetch(`${depot.url}/v1/kernels`, { method: 'POST', body })).status).toBe(201);
  const at = `/v1/kernels/${buildIdOf('markup')}`;
  for (const path of [at, `${at}/status`, `${at}/manifest`, '/v1/kernels', `/v1/kernels/${EVIL}`]) {
    const response = await fetch(`${depot.url}${encodeURI(path)}`);
    const text = await response.text();
    const type = response.headers.get('content-type') ?? '';
    expect(type, path).toMatch(/^(application\/(problem\+)?json|text\/plain)/);
    expect(response.headers.get('x-content-type-options'), path).toBe('nosniff');
    expect(text, path).not.toMatch(/\x1b/);
  }
});
