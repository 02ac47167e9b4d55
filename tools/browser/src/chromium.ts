import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Absent } from '@btf-depot/services/provision';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** The browser's file. @throws Absent. */
export function findChromium(): string {
  const own = process.env.BTFDEPOT_BROWSER;
  const folders = (process.env.PATH ?? '').split(delimiter);
  const places = own ? [own] : NAMES.flatMap((name) => folders.map((at) => join(at, name)));
  const found = places.find((place) => {
    try {
      accessSync(place, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  if (found !== undefined) return found;
  throw new Absent(
    own ? `$BTFDEPOT_BROWSER names ${own}, which cannot be run` : 'there is no Chromium in PATH',
    "Install the system's package, on Debian `apt install chromium`.",
  );
}
