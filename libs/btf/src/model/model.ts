import type { Endian } from '@btf-depot/bytes';
import type { KindLayout } from '../wire/layout.ts';
import type { BtfType } from './types.ts';

/** One BTF as objects. Ids are positions: the first own type has the base's last id plus one. */
export interface BtfModel {
  types: BtfType[];
  endian: Endian;
  /**
   * The base; own types refer to its objects. Do not change it once a model split from it was
   * encoded.
   */
  base?: BtfModel | undefined;
  /**
   * The initial string section for encoding, so that strings keep their offsets. Without it strings
   * are stored in the order of first use.
   */
  strings?: Uint8Array;
  /** Bytes of the header, if not 24 (32 with layouts). */
  headerLength?: number;
  /** Writes the layout section of Linux 7.1. */
  layouts?: readonly KindLayout[] | undefined;
}
