// Finds what the depot works on in what build farms have: packages, archives, compressed and
// bootable images. `unpack(source, store)` recognises the input, opens nested containers, and
// passes every wanted file to `store`, one stream at a time. It opens no file, and uses no member's
// name as a path. `readImage` reads a kernel that is no ELF file any more.
//
// Specifications: deb(5), deb-control(5), deb-md5sums(5); rpm.org, "RPM V4 Package format"; opkg,
// apk-tools 2 and makepkg by their output; POSIX.1 pax and ustar, GNU tar's manual; cpio's "newc"
// format (Documentation/driver-api/early-userspace/buffer-format.rst);
// Documentation/arch/x86/boot.rst, arch/arm64/booting.rst, and
// drivers/firmware/efi/libstub/zboot-header.S of the kernel; the Unified Kernel Image of
// uapi-group.org; source.android.com, "Boot image header"; U-Boot's flat image tree.
//
// To add a package, archive or image: a file in formats/, its line in formats/index.ts, and its
// rows in formats.test.ts and fuzz.test.ts. To take more files from archives: wanted.ts.
export { readBanner, readImage, type Banner, type RawImage } from './images/raw-image.ts';
export { UNPACK_LIMITS, type UnpackLimits } from './limits.ts';
export { isWrapping } from './error-codes.ts';
export { type PackageInfo } from './packages/package-info.ts';
export { type PassedOver } from './passed-over.ts';
export {
  unpack,
  type FoundFile,
  type FoundKind,
  type Store,
  type Unpacked,
  type UnpackOptions,
} from './unpack.ts';
export { readRpmSignature, type RpmSignature } from './packages/rpm-header.ts';
export { releaseInName, SMALLEST_MAP, wantedKind, type WantedKind } from './wanted.ts';
