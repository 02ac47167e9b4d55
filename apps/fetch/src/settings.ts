import { byteSize, seconds, wholeNumber } from '@btf-depot/service-kit';

/** Settings of fetching, shared by the service and the embedded depot. */
export const fetchSettings = {
  /** Memory for blobs that are asked for again and again. */
  BTFDEPOT_HOT_BLOBS: byteSize.prefault('256m'),
  /** Memory for kernels whose types are asked for; the one asked for last stays in any case. */
  BTFDEPOT_OPEN_KERNELS: byteSize.prefault('256m'),
  /** Memory for answers that were computed: variables, merged BTF. */
  BTFDEPOT_HOT_ANSWERS: byteSize.prefault('128m'),
  /** Text of one computed answer, nearly: what is more is on the next page. */
  BTFDEPOT_ANSWER_SIZE: byteSize.prefault('4m'),
  /** Processor time of one computed answer: what takes longer is on the next page. */
  BTFDEPOT_ANSWER_TIME: seconds.prefault('1'),
  /** Processor time of one question that has no pages, or of opening a kernel: then it is refused. */
  BTFDEPOT_QUESTION_TIME: seconds.prefault('10'),
  /** Heap that answers may take in the kernel thread; where it is full, the question is refused. */
  BTFDEPOT_QUESTION_MEMORY: byteSize.prefault('512m'),
  /**
   * What a client may have computed in a minute: 1 is one variable, 50 a merged BTF, and each
   * millisecond of the processor that an answer took is 1 besides; 0: no limit.
   */
  BTFDEPOT_CLIENT_BUDGET: wholeNumber(0, 1_000_000).prefault('6000'),
  /** How old a record may be when an artifact is looked up in it: an update shows this much later. */
  BTFDEPOT_RECORD_AGE: seconds.prefault('1'),
  /** How old the list of all kernels may be when it is searched, a refresh not counted. */
  BTFDEPOT_LIST_AGE: seconds.prefault('10'),
};
