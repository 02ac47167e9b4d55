import { carrier, carrierTarget, type LoadFacts } from '@btf-depot/carrier';
import type { Delivery } from '@btf-depot/contracts';

/** The module that has it all; its BTF appears under this name in /sys/kernel/btf. */
export const CARRIER_NAME = 'btf_vmlinux';
/** The module with nothing but what BPF programs need. */
const KSYMS_CARRIER_NAME = 'btf_vmlinux_ksyms';

export interface CarriersInput {
  buildId: string;
  delivery: Delivery;
  arch?: string;
  bits?: 32 | 64;
  endian: 'little' | 'big';
  core: Uint8Array;
  /** Split BTF on core. */
  vars?: Uint8Array;
  /** The part of vars that the running kernel may be given, split BTF on core. */
  ksyms?: Uint8Array;
  /** What makes the kernel load its carriers; without, they are containers. */
  load?: LoadFacts;
  /** Another name for the module that has it all. */
  name?: string;
}

export interface Carriers {
  readonly whole: Uint8Array;
  /** Absent where the kernel could not load it, or would get nothing from it. */
  readonly least?: Uint8Array;
}

/** The carriers of a kernel, not compressed. The same input gives the same bytes. */
export function makeCarriers(input: CarriersInput, baseSha256: string): Carriers {
  const { buildId, delivery, core, vars, ksyms, load, name = CARRIER_NAME } = input;
  const about = { target: carrierTarget(input), buildId, baseSha256, ...(load && { load }) };
  const safe = ksyms && { holds: 'ksyms' as const, bytes: ksyms };
  const btf = delivery === 'module' ? { holds: 'core' as const, bytes: core } : safe;
  const extras = vars ? [{ name: 'vars', bytes: vars }] : [];
  const whole = carrier({ ...about, name, ...(btf && { btf }), extras });
  if (!safe || !load || delivery === 'module') return { whole };
  const least = carrier({ ...about, name: KSYMS_CARRIER_NAME, btf: safe, extras: [] });
  return { whole, least };
}
