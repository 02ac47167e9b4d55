import type { Endian } from '@btf-depot/bytes';
import type { KindLayout } from '../wire/layout.ts';
import type { BtfType } from './types.ts';

/** One BTF as objects. Ids are places: the first own type has the base's last id plus one. */
export interface BtfModel {
  types: BtfType[];
  endian: Endian;
  /**
   * What this is split from; its types are referred to as the same objects. Not to be changed
   * once something split from it was encoded.
   */
  base?: BtfModel | undefined;
  /**
   * The string section that encoding starts with, so that strings keep their offsets. Without it
   * strings stand in the order of first use.
   */
  strings?: Uint8Array;
  /** Bytes of the header where they are not 24 (32 with layouts). */
  headerLength?: number;
  /** Writes the layout section of Linux 7.1. */
  layouts?: readonly KindLayout[] | undefined;
}
