import { readCard } from '../packages/card.ts';
import type { StreamFormat, Tools } from '../format.ts';
import { sameName, type Member } from '../member.ts';
import { readControl } from '../packages/package-info.ts';
import { firstName, readTar } from '../archives/tar.ts';

const PART = /^(debian-binary|control\.tar|data\.tar)(\.\w+)?$/;

/** opkg's packages: a compressed tar with the members of a .deb. Older ones are ar archives. */
export const ipk: StreamFormat = {
  kind: 'stream',
  name: 'ipk',
  fileName: /\.ipk$/,
  begins: (head) => PART.test(sameName(firstName(head))),
  async *members(reader, tools) {
    for await (const member of readTar(reader)) {
      const name = sameName(member.name);
      if (name.startsWith('control.tar') && member.isFile) await readControlMember(member, tools);
      else yield name.startsWith('data.tar') ? { ...member, isInner: true } : member;
    }
  },
};

async function readControlMember(member: Member, tools: Tools): Promise<void> {
  for await (const inner of readTar(tools.unpacking('tar', member))) {
    tools.member();
    if (!inner.isFile || sameName(inner.name) !== 'control') continue;
    const text = await readCard(inner);
    if (text !== undefined) tools.isPackage(readControl('ipk', text));
  }
}
