import { principalSchema, SCOPES, type Scope, type Token } from '@btf-depot/contracts';
import { createToken } from '@btf-depot/depot';
import { Command } from 'commander';
import { dataOption, openStores } from '../options/open-stores.ts';
import { jsonOption } from '../options/options.ts';
import { sizeOf } from '../options/size.ts';
import { formatBytes, formatTable, note, print, printable, printJson } from '../terminal/output.ts';
import { UsageError } from '../options/usage-error.ts';

interface Where {
  data?: string;
  json?: boolean;
}

interface CreateFlags extends Where {
  scopes: string;
  owner?: string;
  distro?: string;
  prefix?: string;
  days?: string;
  keepDays?: string;
  storage?: string;
}

const DAY = 24 * 3600 * 1000;

export function tokenCommand(): Command {
  const command = new Command('token')
    .summary('manage tokens for uploads, withdrawals and private reading')
    .description(
      'The store keeps tokens as hashes. A service accepts a new token at once, and refuses a ' +
        'revoked one after BTFDEPOT_TOKEN_AGE (5 s) at the latest.',
    );
  const verb = (name: string) =>
    command.command(name).addOption(dataOption()).addOption(jsonOption());
  verb('create')
    .summary('make a token, and print it once')
    .argument('<name>', 'a name for the token: its user or farm')
    .option('--scopes <list>', `of ${SCOPES.join(',')}`, 'upload')
    .option(
      '--owner <principal>',
      'principal of the token, the same for all tokens of a farm; by default its ID',
    )
    .option('--distro <name>', 'only for kernels of this distribution')
    .option('--prefix <hex>', 'only for build IDs with this prefix')
    .option('--days <number>', 'days until it expires; by default never')
    .option('--keep-days <number>', 'days to keep kernels sent with it; by default for ever')
    .option('--storage <size>', 'limit for the kernels that it sent first: 500m, 20g')
    .action(create);
  verb('list').summary('show the tokens').action(list);
  verb('revoke').summary('revoke tokens').argument('<id...>').action(revoke);
  return command;
}

async function create(name: string, flags: CreateFlags): Promise<void> {
  const { distro, prefix } = flags;
  if (prefix !== undefined && !/^[0-9a-f]{1,128}$/.test(prefix)) {
    throw new UsageError('--prefix takes lowercase hexadecimal digits');
  }
  const { owner } = flags;
  const { error } = principalSchema.optional().safeParse(owner);
  if (error) throw new UsageError(`--owner: ${error.issues[0]?.message ?? ''}`);
  if (/^(upstream|import):/.test(owner ?? '')) {
    throw new UsageError(
      '--owner: upstream: and import: are reserved for kernels that the depot fetches itself',
    );
  }
  const days = daysOf('--days', flags.days);
  const keepDays = daysOf('--keep-days', flags.keepDays);
  const storage = flags.storage === undefined ? undefined : sizeOf('--storage', flags.storage);
  const now = Date.now();
  const { text, token } = createToken({
    name,
    scopes: scopesOf(flags.scopes),
    owner,
    distro,
    buildIdPrefix: prefix,
    keepDays,
    storage,
    createdAt: new Date(now).toISOString(),
    expiresAt: days === undefined ? undefined : new Date(now + days * DAY).toISOString(),
  });
  // Also before a depot's first start.
  const { tokens } = await openStores(flags, { make: true });
  await tokens.put(token);
  if (flags.json) {
    printJson({ token: text, ...shown(token) });
    return;
  }
  print(`${text}\n`);
  note(`token ${token.id}: keep it; it is not shown again`);
}

function daysOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const days = Number(text);
  // A hundred years: later dates have other forms.
  if (days > 0 && days <= 36_525) return days;
  throw new UsageError(`${flag} takes a number of days above 0`);
}

function scopesOf(list: string): Scope[] {
  const known: readonly string[] = SCOPES;
  const names = list.split(',');
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new UsageError(
      `unknown scope ${unknown.join(', ')}; the scopes are ${SCOPES.join(', ')}`,
    );
  }
  return names as Scope[];
}

async function list(flags: Where): Promise<void> {
  const { tokens } = await openStores(flags);
  const all: Token[] = [];
  for await (const token of tokens.list()) all.push(token);
  all.sort((one, other) => one.createdAt.localeCompare(other.createdAt));
  if (flags.json) {
    printJson(all.map(shown));
    return;
  }
  const rows = all.map((token) => [
    token.id,
    printable(token.name),
    token.owner ?? '',
    token.scopes.join(','),
    [token.distro ?? '', token.buildIdPrefix ?? ''].join(' ').trim(),
    token.keepDays === undefined ? '' : `${token.keepDays} days`,
    token.storage === undefined ? '' : formatBytes(token.storage),
    stateOf(token),
  ]);
  print(
    formatTable([['ID', 'NAME', 'OWNER', 'SCOPES', 'FOR', 'KEEP', 'STORAGE', 'STATE'], ...rows]),
  );
}

async function revoke(ids: string[], flags: Where): Promise<void> {
  const { tokens } = await openStores(flags);
  for (const id of ids) {
    const token = await tokens.get(id);
    if (!token) throw new Error(`no token has the ID ${id}`);
    await tokens.put({ revokedAt: new Date().toISOString(), ...token });
  }
  if (flags.json) printJson({ revoked: ids });
  else note(`${ids.length} revoked`);
}

/** Without the hash, which only the store needs. */
function shown(token: Token): Partial<Token> {
  const rest: Partial<Token> = { ...token };
  delete rest.secretSha256;
  return rest;
}

function stateOf({ revokedAt, expiresAt }: Token): string {
  if (revokedAt !== undefined) return `revoked ${revokedAt}`;
  if (expiresAt === undefined) return 'valid';
  return `${new Date(expiresAt) > new Date() ? 'valid until' : 'expired'} ${expiresAt}`;
}
