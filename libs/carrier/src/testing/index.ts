// For tests: modules as a kernel's build makes them, and tampered ones.
export { emptyModule, type EmptyModule } from './empty-module.ts';
export { linkRecord } from './link-record.ts';
export { signatureOf, withSection } from './tampered.ts';
