/**
 * What depots give each other, and take from archives.
 *
 * - export: a depot as static files, which any web server serves: writeExport. What clients ask a
 *   depot for are its paths (layout.ts); docs/import.md describes it.
 * - archive: which packages of a Debian archive or an RPM repository have a kernel's debug
 *   information: readDebian, readRpm. To add a kind of archive: a folder beside these, which gives
 *   ArchiveItems. To add a distribution's packages: a line in debian/kernel-package.ts, or NAME of
 *   rpm/read-repository.ts.
 * - import: fetches what was chosen, and hands it to a target: choose, runImport.
 */
export { ArchiveError, type ArchiveCode } from './archive/errors.ts';
export { archiveNames, type ArchiveItem } from './archive/item.ts';
export { placeOf, type Place } from './archive/place.ts';
export { type Trust } from './archive/signatures.ts';
export { readDebian, type DebianChoice } from './archive/debian/read-archive.ts';
export { knownArchives, type KnownArchive } from './archive/known.ts';
export { readFolder } from './archive/read-folder.ts';
export { readRpm } from './archive/rpm/read-repository.ts';
export { choose, type Choice, type Chosen } from './import/choose.ts';
export { parseWanted } from './import/parse-wanted.ts';
export {
  IMPORT_DEFAULTS,
  runImport,
  type ImportedItem,
  type ImportOptions,
  type ImportProgress,
  type ImportTarget,
  type TakenKernel,
} from './import/run-import.ts';
export { depotSource, storesSource, type ExportSource } from './export/export-source.ts';
export { globPattern, Only } from './export/only.ts';
export { folderSource } from './export/read-export.ts';
export { writeExport, type ExportOptions, type ExportReport } from './export/write-export.ts';
