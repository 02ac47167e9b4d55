import type { InlineSite } from '@btf-depot/contracts';
import {
  fetchArgument,
  locationText,
  registerName,
  type Location,
  type SiteParameter,
} from '@btf-depot/extras';
import { refusing } from '../../input-errors.ts';
import type { SiteSource } from './site-source.ts';

/**
 * A site as the HTTP interface and the command line show it.
 * @throws DepotError `bad-btf` if its parameters cannot be written as C.
 */
export function describeSite({ table, map, arch }: SiteSource, number: number): InlineSite {
  const site = refusing('inlines', () => table.site(number));
  const place = map?.place(site.section, site.offset);
  return {
    function: site.function,
    address: place && hex(place.address),
    section: site.section,
    offset: site.offset,
    class: map?.classOf(number) ?? 'unknown',
    init: place?.init,
    caller: place?.caller ? { ...place.caller } : undefined,
    probe: place?.probe,
    standalone: site.standalone ? true : undefined,
    parameters: site.parameters.map((parameter) => describeParameter(parameter, arch)),
  };
}

function describeParameter(
  { name, type, location }: SiteParameter,
  arch: string | undefined,
): InlineSite['parameters'][number] {
  if (!location) return { name, type, where: 'not available' };
  const fetch = fetchArgument(location, arch);
  return {
    name,
    type,
    where: locationText(location, (number) => registerName(arch, number)),
    fetch,
    location: describeLocation(location, arch),
  };
}

function describeLocation(
  { kind, size, signed, deref, register, offset, value }: Location,
  arch: string | undefined,
): InlineSite['parameters'][number]['location'] & object {
  return {
    kind,
    size,
    signed,
    deref,
    register:
      register === undefined ? undefined : { number: register, name: registerName(arch, register) },
    offset,
    value: value === undefined ? undefined : kind === 'address' ? hex(value) : `${value}`,
  };
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}
