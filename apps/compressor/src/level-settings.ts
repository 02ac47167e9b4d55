import { COMPRESSED_FORM_NAMES, compressedSpec, type CompressedFormat } from '@btf-depot/contracts';
import { COMPRESSION_LEVELS, type CompressionLevels } from '@btf-depot/depot';
import { setting, wholeNumber, type Settings } from '@btf-depot/service-kit';

type LevelSettings = {
  [Format in CompressedFormat as `BTFDEPOT_${Uppercase<Format>}_LEVEL`]: ReturnType<typeof level>;
};

const FORMATS = COMPRESSED_FORM_NAMES.map((form) => {
  const format = compressedSpec(form).format as CompressedFormat;
  const name = `BTFDEPOT_${format.toUpperCase() as Uppercase<CompressedFormat>}_LEVEL` as const;
  return { name, format, levels: compressedSpec(form).levels };
});

/** Compression levels of each form of carriers. */
export const levelSettings = Object.fromEntries(
  FORMATS.map(({ name, format, levels }) => [name, level(format, levels)]),
) as LevelSettings;

function level(format: CompressedFormat, [least, most]: readonly [number, number]) {
  return setting(
    wholeNumber(least, most),
    String(COMPRESSION_LEVELS[format]),
    `Level of ${format}; a higher one is slower and makes smaller files.`,
  );
}

/** In the form of the compressor. */
export function compressionLevels(settings: Settings<LevelSettings>): CompressionLevels {
  return Object.fromEntries(
    FORMATS.map(({ name, format }) => [format, settings[name]]),
  ) as CompressionLevels;
}
