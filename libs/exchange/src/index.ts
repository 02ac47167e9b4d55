/**
 * Exchange of kernels between depots, and imports from archives.
 *
 * - export: a depot as static files, which any web server serves: writeExport. Its paths are those
 *   of a depot's clients (layout.ts); see docs/import.md.
 * - import: fetches what was chosen from a folder, or from an archive that libs/upstreams reads,
 *   and hands it to a target: choose, runImport.
 *
 * To add an archive that is known by a kernel's release: import/known.ts. To add a target of imports:
 * an ImportTarget (import/run-import.ts). To add a file to exports: export/write-export.ts.
 */
export { knownArchives, type KnownArchive } from './import/known.ts';
export { readFolder } from './import/read-folder.ts';
export { choose, type Choice, type Chosen } from './import/choose.ts';
export { parseWanted } from './import/parse-wanted.ts';
export {
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
