import type { Format, StreamFormat } from '../format.ts';
import { apk } from './apk.ts';
import { apk3 } from './apk3.ts';
import { bootimg } from './bootimg.ts';
import { bzImage } from './bzimage.ts';
import { deb } from './deb.ts';
import { fit } from './fit.ts';
import { ipk } from './ipk.ts';
import { pacman } from './pacman.ts';
import { rpm } from './rpm.ts';
import { tar } from './tar.ts';
import { uimage } from './uimage.ts';
import { uki } from './uki.ts';
import { vendorBoot } from './vendor-boot.ts';
import { zboot } from './zboot.ts';

/**
 * Every package, archive and image that is opened, by its name. The first format whose magic
 * matches is used.
 */
const ALL = {
  deb,
  rpm,
  apk3,
  bzimage: bzImage,
  zboot,
  uki,
  bootimg,
  vendorboot: vendorBoot,
  uimage,
  fit,
  ipk,
  apk,
  pacman,
  tar,
};

export type FormatName = keyof typeof ALL;

export const FORMATS: readonly Format[] = Object.values(ALL);

export const STREAM_FORMATS = FORMATS.filter(
  (format): format is StreamFormat => format.kind === 'stream',
);
