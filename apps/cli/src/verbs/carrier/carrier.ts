import { certificatePem, signModule, signModuleBy, type ModuleHash } from '@btf-depot/carrier';
import { carrierReason, COMPRESSED_FORM_NAMES } from '@btf-depot/contracts';
import { compressedAs } from '@btf-depot/depot';
import { commandSigner } from '@btf-depot/service-kit';
import { Command, Option } from 'commander';
import { readFileSync } from 'node:fs';
import { writeWhole } from '../../files/btf-file.ts';
import {
  makeCarrier,
  type CarrierChoices,
  type CarrierFiles,
  type MadeCarrier,
} from './make-carrier.ts';
import { jsonOption } from '../../options/options.ts';
import { formatBytes, formatCount, print, printable, printJson } from '../../terminal/output.ts';
import { UsageError } from '../../options/usage-error.ts';

const ENDINGS = new Intl.ListFormat('en-GB', { type: 'disjunction' }).format(
  COMPRESSED_FORM_NAMES.map((form) => `.${form}`),
);

interface Flags extends CarrierFiles {
  output: string;
  least?: boolean;
  name?: string;
  key?: string;
  signer?: string;
  certificate?: string;
  hash: ModuleHash;
  json?: boolean;
}

export function carrierCommand(): Command {
  return new Command('carrier')
    .summary("make the carrier of a kernel's BTF, without a depot")
    .description(
      'Makes btf_vmlinux.ko for a kernel: the module that stock kernels load, so that BPF programs ' +
        'have typed access to global variables. Needs no depot; the same files give the same bytes. ' +
        'Make it in the build, before the signing key is deleted. An output that ends in ' +
        `${ENDINGS} is compressed after signing.`,
    )
    .requiredOption('--kernel <file>', 'vmlinux, vmlinuz, Image, package or archive')
    .option('--full <file>', 'BTF with all variables; else --vars, else DWARF of the kernel')
    .option('--vars <file>', 'variables as split BTF on core (vmlinux.vars.btf)')
    .option('--core <file>', 'base of --vars, if the kernel has no BTF inside')
    .option('--module <file>', 'any module of the same build, not compressed')
    .option('--least', 'only what BPF programs need: btf_vmlinux_ksyms.ko')
    .option('--name <name>', 'name of the module, and so in /sys/kernel/btf', 'btf_vmlinux')
    .option('--key <file>', 'sign with this private key (PEM, RSA or EC)')
    .option(
      '--signer <command>',
      'sign with a command that reads the digest from stdin and prints the raw signature; BTFDEPOT_HASH names the hash',
    )
    .option('--certificate <file>', "the key's certificate (PEM or DER: signing_key.x509)")
    .addOption(
      new Option('--hash <name>', 'hash of the signature')
        .choices(['sha256', 'sha384', 'sha512'])
        .default('sha256'),
    )
    .requiredOption('-o, --output <file>', 'output file')
    .addOption(jsonOption())
    .action(run);
}

async function run(flags: Flags): Promise<void> {
  const { output, least, name, json } = flags;
  const sign = signingBy(flags);
  const made = await makeCarrier(flags, {
    least,
    name,
    sign,
  });
  const bytes = await compressedAs(output, made.bytes);
  writeWhole(output, bytes);
  const { bytes: module, ...said } = made;
  if (json) printJson({ file: output, size: bytes.length, moduleSize: module.length, ...said });
  else print(describe(output, bytes.length, made));
}

function signingBy({ key, signer, certificate: path, hash }: Flags): CarrierChoices['sign'] {
  if (key === undefined && signer === undefined && path === undefined) return undefined;
  if (path === undefined || (key === undefined) === (signer === undefined)) {
    throw new UsageError('signing needs --certificate and one of --key and --signer');
  }
  const trusted = { certificate: certificatePem(readFileSync(path)), hash };
  if (signer !== undefined) {
    return (module) => signModuleBy(module, trusted, commandSigner(signer));
  }
  const whole = { ...trusted, key: readFileSync(key ?? '', 'utf8') };
  return (module) => Promise.resolve(signModule(module, whole));
}

function describe(output: string, size: number, made: MadeCarrier): string {
  const { buildId, loadable, why, vermagic, variables, ksyms, leftOut } = made;
  const reasons = Object.entries(leftOut).map(([reason, count = 0]) => `${count} ${reason}`);
  return [
    `${output}: ${formatBytes(size)}, build ID ${buildId}`,
    `vermagic ${vermagic === undefined ? 'unknown' : printable(vermagic)}`,
    `${formatCount(variables)} variables, ${formatCount(ksyms)} for the running kernel` +
      (reasons.length > 0 ? ` (left out: ${reasons.join(', ')})` : ''),
    loads(loadable, why),
    ...(why === undefined ? [] : [`${carrierReason(why)} (${why})`]),
    '',
  ].join('\n');
}

function loads(loadable: boolean, why: string | undefined): string {
  if (loadable) return 'the kernel loads it';
  if (why !== 'not-tried') return 'the kernel does not load it';
  return 'the kernel should load it; no kernel of this architecture has been tried';
}
