/** Why a variable is not among the ksyms: KsymReason of libs/extras. */
export const KSYM_REASONS: Readonly<Record<string, string>> = {
  'no-place': 'its place is unknown',
  'per-cpu': 'one for each processor',
  'not-in-image': 'its section is not in the running image as linked',
  'bad-name': 'its name is no C identifier',
  'bad-type': 'the verifier refuses its type',
  'no-symbol': 'no symbol has its name',
  'ambiguous-name': 'several symbols have its name',
  'other-symbol': 'the symbol of its name is something else',
  'lost-memory': 'its memory is freed after boot',
  'no-kallsyms-all': 'the kernel finds no variable by name (CONFIG_KALLSYMS_ALL is off)',
};

/** Why an entry of DWARF is not among the variables: LEFT_OUT_RULES in libs/extras. */
export const VARIABLE_RULES: Readonly<Record<string, string>> = {
  declaration: 'only declared',
  artificial: 'made by the compiler',
  storage: 'optimised away or in a register',
  section: 'in no section of the running image',
  name: 'without a name',
  prefix: 'made by the build',
  void: 'void',
  shrunk: 'shrunk to a byte by clang',
  size: 'without a size',
};

/** The source of a variable, if there was a full BTF beside DWARF. */
export const VARIABLE_ORIGINS: Readonly<Record<string, string>> = {
  full: "the build's full BTF",
  dwarf: 'DWARF alone',
};

/** The place at which an inlined call begins: SITE_CLASSES in libs/extras. */
export const SITE_CLASSES: Readonly<Record<string, string>> = {
  inside: 'own range',
  empty: 'all ranges empty',
  outside: 'entry outside its ranges',
  unnamed: 'no entry named',
  unknown: 'class unknown',
};

/** A reader's steps for a parameter: LOCATION_KINDS in libs/extras. */
export const LOCATION_KINDS: Readonly<Record<string, string>> = {
  constant: 'constant',
  address: 'at an address',
  register: 'in a register',
  sum: 'register and offset',
  memory: 'in memory',
  frame: 'in the frame',
};

/** Why a parameter has no location: UNAVAILABLE in libs/extras. */
export const UNAVAILABLE: Readonly<Record<string, string>> = {
  'entry-value': 'known only at the entry of its caller',
  'implicit-pointer': 'pointer that was optimised away',
  reference: 'in another variable',
  pieces: 'in several places',
  computed: 'computed',
  thread: 'in storage of a thread',
  operation: 'unknown operation',
  malformed: 'malformed',
  wide: 'constant of more than eight bytes',
  nothing: 'optimised away',
  unmentioned: 'not mentioned',
  unplaced: 'without a location',
  elsewhere: 'not at this place',
  vararg: 'variable arguments',
};

/** Words for codes that this version knows; for codes of a newer version the depot's own word. */
export function wordsFor(known: Readonly<Record<string, string>>, code: string): string {
  return Object.hasOwn(known, code) ? known[code] : code;
}
