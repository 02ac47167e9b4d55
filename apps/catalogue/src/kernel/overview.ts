import type { DepotClient } from '@btf-depot/client';
import type { KernelRecord } from '@btf-depot/contracts';
import type { Child } from '../dom.ts';
import { artifactSections } from './artifacts.ts';
import { commands } from './commands.ts';
import { coverageSections } from './coverage.ts';
import { origin } from './origin.ts';
import { parts } from './parts.ts';
import { trust } from './trust.ts';

/** The whole record, with the facts that most readers need first. */
export function overview(client: DepotClient, record: KernelRecord): Child[] {
  return [
    parts(record),
    commands(record),
    trust(client, record),
    ...artifactSections(client, record),
    ...coverageSections(record),
    origin(record),
  ];
}
