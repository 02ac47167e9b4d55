import { readCpio } from '../archives/cpio.ts';
import type { ArchiveFormat } from '../format.ts';
import { readRpm } from '../packages/rpm-header.ts';

/** RPM packages of version 3 to 6. */
export const rpm: ArchiveFormat = {
  kind: 'archive',
  name: 'rpm',
  fileName: /\.rpm$/,
  begins: ([a, b, c, d]) => a === 0xed && b === 0xab && c === 0xee && d === 0xdb,
  async *members(source, tools) {
    const { info, payload, files } = readRpm(source);
    tools.isPackage(info);
    if (files) tools.lists(files.filter(({ isFile }) => isFile).map(({ name }) => name));
    const part = { offset: payload, length: source.size - payload };
    yield* readCpio(tools.reader('cpio', source, part), { files });
  },
};
