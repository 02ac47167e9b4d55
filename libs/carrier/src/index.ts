// Carriers: ELF modules without code that carry a kernel's BTF (`btf_vmlinux.ko`).
// Specification: the kernel's module loader (kernel/module/main.c, include/linux/moduleinfo.h);
// names of sections and of modinfo fields of ours: carrier.ts and modinfo.ts.
//
// A carrier made here is a container: whole and deterministic, but not yet what a kernel loads.
// Loading needs `.gnu.linkonce.this_module`, `__versions` and per-architecture placeholder
// sections; `carrierSections` is where they go.
//
// To add an extra: nothing here, it is one more entry of `extras`. To add a modinfo field:
// `carrierModinfo`. To add an architecture: machine.ts of the ELF library.
export { carrier, type CarrierInput, type CarriedExtra } from './carrier.ts';
export { type ModinfoEntry, readModinfo } from './modinfo.ts';
export { type CarriedSection, type CarrierContents, readCarrier } from './read-carrier.ts';
export { carrierTarget, type CarrierTarget } from './target.ts';
