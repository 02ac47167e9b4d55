/** `T` as it is stored: its own names only, undefined wherever a property may be absent. */
export type Loose<T> = T extends readonly (infer Item)[]
  ? readonly Loose<Item>[]
  : T extends object
    ? {
        [K in keyof T as string extends K ? never : K]: object extends Pick<T, K>
          ? Loose<T[K]> | undefined
          : Loose<T[K]>;
      }
    : T;

/**
 * The properties of a value that JSON keeps. Records are compared, merged and counted by their
 * properties, so an absent one must be absent before it is stored, not only after reading.
 */
export function withoutUndefined<T>(value: Loose<NoInfer<T>>): T {
  return strip(value) as T;
}

function strip(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(strip);
  if (typeof value !== 'object' || value === null) return value;
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  const there = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(there.map(([key, one]) => [key, strip(one)]));
}
