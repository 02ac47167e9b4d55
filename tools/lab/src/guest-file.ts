import { fileURLToPath } from 'node:url';

/** Path of a source in `guest/`. */
export function guestFile(name: string): string {
  return fileURLToPath(new URL(`guest/${name}`, import.meta.url));
}
