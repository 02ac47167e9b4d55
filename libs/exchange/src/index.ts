/**
 * What depots give each other, and take from archives.
 *
 * - export: a depot as static files, which any web server serves: writeExport. What clients ask a
 *   depot for are its paths (layout.ts); docs/import.md describes it.
 */
export { depotSource, storesSource, type ExportSource } from './export/export-source.ts';
export { globPattern, Only } from './export/only.ts';
export { writeExport, type ExportOptions, type ExportReport } from './export/write-export.ts';
