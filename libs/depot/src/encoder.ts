/**
 * Who split and packed: part of every source entry of a record. An upload that the same encoder
 * has split before is known and not split again, so raise it whenever its output changes.
 */
export const ENCODER = 'btf-depot 0.1.0';
