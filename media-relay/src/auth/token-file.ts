import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { link, mkdir, open, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

import type { Permission } from './permissions.ts';
import { isStreamPattern, permissions } from './permissions.ts';
import type { TokenSpec } from './tokens.ts';

export const tokenFileName = 'tokens.json';

const fileSchema = z.strictObject({
  version: z.literal(1),
  tokens: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(64),
        purpose: z.string().max(200),
        secret: z.string().min(16).max(512),
        forGrafana: z.boolean(),
        grants: z
          .array(
            z.strictObject({
              permission: z.enum(permissions),
              streams: z.array(z.string().refine(isStreamPattern, 'not a stream pattern')).min(1),
            }),
          )
          .min(1),
      }),
    )
    .min(1)
    .max(100),
});

/** A token with a word on what it is for, as `sightline tokens` prints it. */
export interface StoredToken extends TokenSpec {
  readonly purpose: string;
}

export interface TokenFileOptions {
  readonly warn: (message: string) => void;
  readonly random?: (size: number) => Uint8Array;
}

/**
 * The tokens of this relay: made at the first start, read ever after. The file belongs to its owner alone (0600); where
 * others could read it that is repaired and said. Throws Error when it cannot be read, repaired or understood; messages
 * never show its content.
 */
export async function loadTokenFile(
  stateDirectory: string,
  options: TokenFileOptions,
): Promise<StoredToken[]> {
  const path = join(stateDirectory, tokenFileName);
  const present = await openIfPresent(path);
  if (present !== undefined) return read(path, present, options.warn);

  await mkdir(stateDirectory, { recursive: true, mode: 0o700 });
  await createWhole(
    path,
    `${JSON.stringify({ version: 1, tokens: firstTokens(options.random) }, undefined, 2)}\n`,
  );
  // Read back rather than trusted: another process may have been first.
  const created = await openIfPresent(path);
  if (created === undefined) throw new Error(`${path}: vanished while it was made`);
  return read(path, created, options.warn);
}

function firstTokens(random: (size: number) => Uint8Array = randomBytes): StoredToken[] {
  const make = (
    name: string,
    purpose: string,
    held: readonly Permission[],
    forGrafana: boolean,
  ): StoredToken => ({
    name,
    purpose,
    secret: Buffer.from(random(32)).toString('base64url'),
    forGrafana,
    grants: held.map((permission) => ({ permission, streams: ['*'] })),
  });
  return [
    make('admin', 'Everything: for you and for scripts', permissions, false),
    make('grafana', 'Watching: for the Grafana data source', ['view'], true),
    make('prometheus', 'Metrics: for Prometheus', ['metrics'], false),
  ];
}

async function openIfPresent(path: string): Promise<FileHandle | undefined> {
  try {
    // A link could lead the repair of the permissions to a file that is none of ours (the flag is absent on Windows).
    return await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    if (codeOf(error) === 'ELOOP') throw new Error(`${path}: must be a file, not a link`, { cause: error });
    throw error;
  }
}

async function read(path: string, file: FileHandle, warn: (message: string) => void): Promise<StoredToken[]> {
  await using handle = file;
  const { mode } = await handle.stat();
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    await handle.chmod(0o600);
    warn(
      `${path} could be read by others (mode ${(mode & 0o777).toString(8)}); it is 600 now. ` +
        'If others use this host, delete the file and restart: new tokens are made.',
    );
  }
  const parsed = fileSchema.safeParse(parseJson(path, await handle.readFile('utf8')));
  if (parsed.success) return parsed.data.tokens;
  const [issue] = parsed.error.issues;
  // Its own message would name the unknown keys, and a token may have come to stand where a key belongs.
  const problem =
    issue?.code === 'unrecognized_keys' ? 'has a key that does not belong there' : issue?.message;
  throw new Error(`${path}: ${issue?.path.join('.') ?? ''}: ${problem ?? 'wrong'}. ${remedy}`);
}

const remedy = 'Repair it, or delete it and restart: new tokens are made.';

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Without the cause: its message quotes the text, which holds tokens.
    throw new Error(`${path}: is not JSON. ${remedy}`);
  }
}

/** The file appears whole or not at all, and never replaces one that is there. */
async function createWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.${process.pid}.${randomBytes(6).toString('hex')}`;
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await link(temporary, path);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return;
    // File systems without hard links.
    await rename(temporary, path);
  } finally {
    await unlink(temporary).catch(() => undefined);
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
