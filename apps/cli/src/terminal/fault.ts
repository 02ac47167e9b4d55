import { dirname } from 'node:path';
import { ProblemError } from '@btf-depot/client';
import { isProblemCode } from '@btf-depot/contracts';

/** A failure, for people; the code is for programs. */
export interface Fault {
  message: string;
  code?: string | undefined;
}

/** What a user of this command can do about a refusal, by its code. */
const WAYS_OUT: Readonly<Record<string, string>> = {
  'carrier-conflict':
    'sign it with `btfdepot carrier --certificate FILE`, or replace it with --replace',
  'core-conflict': '`btfdepot push --replace` publishes this core instead',
  withdrawn: '`btfdepot push --restore` publishes it again',
  pending: 'retry later, or wait with `btfdepot push`',
  unauthorized: '`btfdepot token create` makes a token for BTFDEPOT_TOKEN',
  unsigned: 'name a keyring with --keyring, or accept it with --unsigned',
  expired: '--unsigned accepts it',
  'no-gpgv': 'or accept archives without a check with --unsigned',
  'unknown-build-id': 'push its kernel or package first, or name another depot with --url',
};

/** The system's words for common mistakes with paths. */
const SYSTEM_WORDS: Readonly<Record<string, (path: string) => string>> = {
  ENOENT: (path) => `no such file: ${path}`,
  EACCES: (path) => `this user may not open ${path}`,
  EISDIR: (path) => `${path} is a folder; name a file in it`,
  ENOTDIR: (path) => `${path}: a folder in this path is a file`,
};

/** The cause, and the way out if this command knows one. */
export function describeFault(error: unknown): Fault {
  const { code: found, path } = error as { code?: unknown; path?: unknown };
  const code = typeof found === 'string' ? found : undefined;
  const message = messageOf(error);
  if (code === undefined) return { message };
  // Files are written beside their place until complete: the user named no such file.
  if (typeof path === 'string' && path.endsWith('.part') && code === 'ENOENT') {
    return { message: `no such folder: ${dirname(path)}`, code };
  }
  if (typeof path === 'string' && Object.hasOwn(SYSTEM_WORDS, code)) {
    return { message: SYSTEM_WORDS[code](path), code };
  }
  if (!Object.hasOwn(WAYS_OUT, code)) return { message, code };
  return { message: `${message}; ${WAYS_OUT[code]}`, code };
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // In a depot's answer the title explains the code; the detail is the sentence.
  const isSaid = error instanceof ProblemError && isProblemCode(error.code) && error.detail;
  return isSaid ? error.detail : error.message;
}
