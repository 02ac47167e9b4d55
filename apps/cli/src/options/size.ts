import { byteSize } from '@btf-depot/service-kit';
import { UsageError } from './usage-error.ts';

/**
 * Bytes as in settings: k, m and g are powers of 1024.
 * @param text the value that was given for `option`.
 * @throws UsageError unless it is a size above 0.
 */
export function sizeOf(option: string, text: string): number {
  const { data } = byteSize.safeParse(text);
  if (data) return data;
  throw new UsageError(`${option} takes bytes above 0, such as 500k, 10m, 20g (powers of 1024)`);
}
