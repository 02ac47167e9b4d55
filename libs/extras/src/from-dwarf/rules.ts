// The rules for variables of pahole 1.30 (btf_encoder__encode_cu_variables).

/** Made by kernel macros for the build, and useless to readers of memory. */
const EXCLUDED_PREFIXES = [
  '__UNIQUE_ID',
  '__tpstrtab_',
  '__exitcall_',
  '__func_stack_frame_non_standard_',
  '__gendwarfksyms_ptr_',
] as const;

/** Valid names of a VAR (btf_name_valid_identifier in kernel/bpf/btf.c). */
export function isIdentifier(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && name.length < 512;
}

export function isExcluded(name: string): boolean {
  return EXCLUDED_PREFIXES.some((prefix) => name.startsWith(prefix));
}

/**
 * Whether a declaration of the name has the true type: EXPORT_SYMBOL_RUST_GPL declares each
 * exported symbol of Rust as an int.
 */
export function isDeclarable(name: string): boolean {
  return isIdentifier(name) && !isExcluded(name) && !/^_(?:R[A-Z]|ZN)/.test(name);
}
