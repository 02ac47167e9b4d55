export interface FromDwarfLimits {
  /** Types that core may lack. */
  readonly types: number;
  /** Inlined calls. */
  readonly sites: number;
  /** Parameters of an inlined function. */
  readonly parameters: number;
}

/**
 * The range of type ids (BTF_MAX_TYPE), four times the inlined calls of a distribution's kernel,
 * and twice the parameters that a C compiler must accept (C11, 5.2.4.1).
 */
export const FROM_DWARF_LIMITS: FromDwarfLimits = {
  types: 0xfffff,
  sites: 2 ** 21,
  parameters: 254,
};
