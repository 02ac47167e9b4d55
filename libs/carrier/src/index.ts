// Carriers: ELF modules without code that carry a kernel's BTF (`btf_vmlinux.ko`). Specification:
// the kernel's module loader (kernel/module/main.c, include/linux/moduleinfo.h); for our own names
// of sections and modinfo fields: carrier.ts and modinfo.ts.
//
// `loadFacts` tells whether and how a kernel can be made to load a module. With its answer
// `carrier` writes one that the kernel loads, without it a container for tools that read files.
// `signModule` appends a signature as scripts/sign-file does. `misfit` tells, before insmod,
// whether a carrier fits the running kernel; `mayCarry`, which names a kernel reserves for a module
// of its own build; `judgeCarrier`, whether somebody else's module has BTF and nothing that runs.
//
// To add an extra: nothing here, it is one more entry of `extras`. To add a modinfo field:
// `carrierModinfo`, and a version of the writer (`WRITER`). To add an architecture: machine.ts of
// the ELF library, architectures.ts here.
export { carrier, moduleHeader, type CarrierInput, type CarriedExtra } from './carrier.ts';
export { isTried } from './architectures.ts';
export { judgeCarrier, type Judgement, type JudgeOptions } from './judge/judge-carrier.ts';
export { misfit, type Misfit, type RunningKernel } from './fits-kernel.ts';
export {
  isLinkedCarrier,
  linkFor,
  mayCarry,
  readLinkRecords,
  type LinkedBtf,
  type LinkRecord,
} from './link-record.ts';
export {
  type Loadable,
  type LoadFacts,
  loadFacts,
  type LoadSources,
  type NotLoadable,
} from './load-facts.ts';
export { type ModinfoEntry, readModinfo } from './modinfo.ts';
export { type CarriedSection, type CarrierContents, readCarrier } from './read-carrier.ts';
export { structModule, type StructModule } from './struct-module.ts';
export { carrierTarget, type CarrierTarget } from './target.ts';
export type { ModuleHash } from './pkcs7.ts';
export {
  certificatePem,
  checkSigner,
  isSigned,
  type ModuleCertificate,
  type ModuleSigner,
  type SignDigest,
  signModule,
  signModuleBy,
  unsigned,
} from './sign-module.ts';
