import type { KernelRecord } from '@btf-depot/contracts';

type Signatures = NonNullable<KernelRecord['countersigned']>['signatures'];

/** Other depots' signatures of this manifest, by the names of their files. */
export function countersignatures({ countersigned }: KernelRecord, manifest: string): Signatures {
  return countersigned?.manifest === manifest ? countersigned.signatures : {};
}
