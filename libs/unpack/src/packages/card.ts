import type { Member } from '../member.ts';

/**
 * Most bytes of a file that describes a package or lists its files; the largest have some hundred
 * thousand.
 */
const CARD_LIMIT = 16 * 1024 * 1024;

/** The text of a member that describes the package; undefined if it is too long. */
export async function readCard(member: Member): Promise<string | undefined> {
  if (member.size > CARD_LIMIT) return undefined;
  const chunks: Uint8Array[] = [];
  for await (const chunk of member.content()) chunks.push(chunk);
  return Buffer.concat(chunks).toString('latin1');
}
