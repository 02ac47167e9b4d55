/** Archives that tests of sources and of imports share. */
export {
  MadeArchive,
  madePackage,
  madeSpec,
  madeVmlinux,
  type MadeKernel,
} from './made-archive.ts';
