import { Absent, canRun, inPath } from '@btf-depot/services/provision';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** The browser's file. @throws Absent. */
export function findChromium(): string {
  const own = process.env.BTFDEPOT_BROWSER;
  const found = own ? [own].find(canRun) : NAMES.map(inPath).find((path) => path !== undefined);
  if (found !== undefined) return found;
  throw new Absent(
    own ? `$BTFDEPOT_BROWSER names ${own}, which cannot be run` : 'there is no Chromium in PATH',
    "Install the system's package, on Debian `apt install chromium`.",
  );
}
