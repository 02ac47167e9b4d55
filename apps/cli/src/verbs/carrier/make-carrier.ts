import { parseBtf } from '@btf-depot/btf';
import { readCarrier, readLinkRecords } from '@btf-depot/carrier';
import { carrierReason } from '@btf-depot/contracts';
import {
  carrierParts,
  DepotError,
  kernelImage,
  makeCarriers,
  openKernel,
  sha256Of,
  splitPart,
  type CarriersInput,
  type KernelParts,
} from '@btf-depot/depot';
import { readElf } from '@btf-depot/elf';
import { listVariables } from '@btf-depot/extras';
import { readFileSync } from 'node:fs';
import { withUnpacked } from '../../files/local-file.ts';
import { openLocalFile } from '../../files/special-file.ts';
import { splitFiles, type KernelFiles } from '../../files/split-files.ts';

export interface CarrierFiles extends KernelFiles {
  /** Variables as split BTF on core, made before. */
  vars?: string;
  /** The base of `vars`, for a kernel without core inside. */
  core?: string;
}

export interface CarrierChoices {
  /** Only what BPF programs need. */
  least?: boolean | undefined;
  name?: string | undefined;
  sign?: ((module: Uint8Array) => Promise<Uint8Array>) | undefined;
}

export interface MadeCarrier {
  bytes: Uint8Array;
  buildId: string;
  loadable: boolean;
  why?: string | undefined;
  vermagic?: string | undefined;
  variables: number;
  ksyms: number;
  leftOut: Partial<Record<string, number>>;
}

type Parts = Pick<
  KernelParts,
  'buildId' | 'arch' | 'bits' | 'endian' | 'delivery' | 'core' | 'vars' | 'ksyms' | 'carrier'
>;

/**
 * Makes the carrier of a kernel on this machine, without a depot: the same bytes as the depot would
 * make of these files, signed if there is a signer. Rejects with DepotError and FormatError.
 */
export async function makeCarrier(
  files: CarrierFiles,
  choices: CarrierChoices,
): Promise<MadeCarrier> {
  const { vars: given } = files;
  const parts: Parts =
    given === undefined
      ? (await splitFiles(files, { extras: ['vars'] })).parts
      : await withGivenVars(files, given);
  const { core, vars, ksyms, carrier } = parts;
  const input: CarriersInput = {
    buildId: parts.buildId,
    delivery: parts.delivery,
    endian: parts.endian,
    arch: parts.arch,
    bits: parts.bits,
    core: core.bytes,
    vars: vars?.bytes,
    ksyms: ksyms?.bytes,
    load: carrier.load,
    links: carrier.links,
    name: choices.name,
  };
  const made = makeCarriers(input, core.sha256);
  const module = made[choices.least ? 'btf_vmlinux_ksyms.ko' : 'btf_vmlinux.ko'];
  if (!module)
    throw new DepotError(
      'no-vars',
      `no carrier: ${carrier.why === undefined ? 'its name is taken' : carrierReason(carrier.why)}`,
    );
  const isLoadable = readCarrier(module).loadable;
  const why = carrier.loadable && !isLoadable ? 'load-refused' : carrier.why;
  return {
    bytes: choices.sign ? await choices.sign(module) : module,
    buildId: parts.buildId,
    loadable: carrier.loadable && isLoadable,
    why,
    vermagic: carrier.vermagic,
    variables: vars?.variables ?? 0,
    ksyms: ksyms?.variables ?? 0,
    leftOut: ksyms?.leftOut ?? {},
  };
}

async function withGivenVars(files: CarrierFiles, varsPath: string): Promise<Parts> {
  return withUnpacked(files.kernel, ({ kernel, module }) => {
    if (!kernel) throw new Error(`${files.kernel} has no kernel`);
    return Promise.resolve(withVars({ module, ...files, kernel: kernel.path }, varsPath));
  });
}

function withVars(files: CarrierFiles, varsPath: string): Parts {
  using kernelFile = openLocalFile(files.kernel);
  using moduleFile = files.module === undefined ? undefined : openLocalFile(files.module);
  const { elf, raw, btf: own, buildId, ...kernel } = openKernel(kernelFile);
  if (buildId === undefined) throw new DepotError('no-build-id', 'the kernel has no build ID');
  const coreBytes = files.core === undefined ? own : readFileSync(files.core);
  if (!coreBytes)
    throw new DepotError('no-btf', 'the kernel has no .BTF section; name its core with --core');
  if (own && sha256Of(own) !== sha256Of(coreBytes)) {
    throw new DepotError('core-conflict', 'core differs from the BTF inside the kernel');
  }
  const core = parseBtf(coreBytes, { section: 'core' });
  const vars = parseBtf(readFileSync(varsPath), { base: core, section: 'vars' });
  const links = elf ? readLinkRecords(elf) : [];
  const isLinked = links.some(({ section }) => section === '.BTF.link');
  const delivery = own && !isLinked ? 'builtin' : 'module';
  const keepsCore = own !== undefined || isLinked;
  const variables = listVariables(vars).length;
  const module = moduleFile && readElf(moduleFile);
  const { arch = module?.arch, bits = module?.class, endian } = kernel;
  const { image } = kernelImage(keepsCore, { elf, raw, arch });
  return {
    buildId,
    arch,
    bits,
    endian,
    delivery,
    core: { ...splitPart(core.bytes, core.typeCount), origin: 'verbatim' },
    ...carrierParts(
      core,
      { ...splitPart(vars.bytes, vars.typeCount), variables, origin: 'full' },
      { elf, keepsCore, links, image, module },
    ),
  };
}
