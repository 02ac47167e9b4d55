// Real kernels for tests, and other people's tools that judge our output. To add either: table.ts.
export { fullBtfFlags } from './derive.ts';
export {
  addr2line,
  bpftool,
  compileOnLibbpf,
  llvmDwarfdump,
  llvmSymbolizer,
  pahole,
  provideTools,
  readelf,
} from './judges.ts';
export { hasKernel, kernel, provideKernel, type Kernel } from './kernel.ts';
export { bareKernel, hasBareKernel, provideBareKernel, type BareKernel } from './bare-kernel.ts';
export { providedEmptyModules, type EmptyModules } from './empty-modules.ts';
export { provideImage } from './image.ts';
export { unpackModules } from './modules.ts';
export { providePackage } from './package.ts';
export {
  bareKernelNames,
  headersNames,
  kernelNames,
  toolNames,
  type BareKernelName,
  type HeadersName,
  type KernelName,
  type ToolName,
} from './table.ts';
