import { kernelPath } from './answers/status.ts';

/**
 * What a depot that is only files has in the place of answers: a file cannot have the name of a
 * folder, so the record of a kernel lies within it. A live depot answers it as well.
 */
export const STATIC_RECORD = 'record.json';

/** The list of all its kernels, with what a search answers. */
export const STATIC_INDEX = '/v1/kernels/index.json';

export function recordPath(buildId: string): string {
  return `${kernelPath(buildId)}/${STATIC_RECORD}`;
}
