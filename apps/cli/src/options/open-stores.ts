import { openFsStores, openMinioStores, type Stores } from '@btf-depot/blob-store';
import {
  dataSettings,
  isGiven,
  readSettings,
  storeAddress,
  storeSettings,
} from '@btf-depot/service-kit';
import { Option } from 'commander';

/** Where operators' verbs find the store: they work on it directly, without a service. */
export function dataOption(): Option {
  return new Option(
    '--data <folder>',
    "store of an embedded depot; by default that of BTFDEPOT_S3_*, else BTFDEPOT_DATA ('data')",
  );
}

/**
 * Opens the folder named, else the environment's bucket, else its folder.
 * @param make whether to make a missing store. Otherwise it is an error: an empty store in a
 *   mistyped folder would have no faults, and nothing to copy.
 * @throws StoreUnavailable, SettingsError.
 */
export async function openStores(
  { data }: { data?: string | undefined },
  { make = false } = {},
): Promise<Stores> {
  if (data !== undefined) return openFsStores(data, { make });
  if (isGiven('BTFDEPOT_S3_ACCESS_KEY', process.env)) {
    return openMinioStores(storeAddress(readSettings(storeSettings, process.env)), { make });
  }
  return openFsStores(readSettings(dataSettings, process.env).BTFDEPOT_DATA, { make });
}
