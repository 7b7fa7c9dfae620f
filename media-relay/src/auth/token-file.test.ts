import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { shortTimeBox } from '../testing/time-box.ts';
import { isStreamPattern, permissions } from './permissions.ts';
import { loadTokenFile, tokenFileName } from './token-file.ts';

describe('loadTokenFile', () => {
  let directory: string;
  let path: string;
  const warn = vi.fn<(message: string) => void>();

  beforeEach(async () => {
    warn.mockClear();
    directory = join(await mkdtemp(join(tmpdir(), 'sightline-tokens-')), 'state');
    path = join(directory, tokenFileName);
  });
  afterEach(async () => {
    await rm(join(directory, '..'), { recursive: true });
  });

  test('makes three tokens of 256 bits at the first start, for the owner alone', async () => {
    const tokens = await loadTokenFile(directory, { warn });
    expect(
      tokens.map(({ name, forGrafana, grants }) => [name, forGrafana, grants.map((g) => g.permission)]),
    ).toEqual([
      ['admin', false, ['view', 'publish', 'metrics', 'admin']],
      ['grafana', true, ['view']],
      ['prometheus', false, ['metrics']],
    ]);
    for (const { secret } of tokens) expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
    expect(new Set(tokens.map(({ secret }) => secret)).size).toBe(3);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    expect(await readdir(directory)).toEqual([tokenFileName]);
    expect(warn).not.toHaveBeenCalled();
  });

  test('reads them ever after', async () => {
    const first = await loadTokenFile(directory, { warn });
    expect(await loadTokenFile(directory, { warn })).toEqual(first);
  });

  test('gives processes that start together the same tokens', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => loadTokenFile(directory, { warn })));
    for (const tokens of all) expect(tokens).toEqual(all[0]);
    expect(await readdir(directory)).toEqual([tokenFileName]);
  });

  test('repairs a file that others can read, and says so', async () => {
    await loadTokenFile(directory, { warn });
    await chmod(path, 0o644);
    await loadTokenFile(directory, { warn });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('mode 644'));
  });

  test('does not follow a link', async () => {
    await loadTokenFile(directory, { warn });
    const elsewhere = join(directory, 'elsewhere');
    await writeFile(elsewhere, await readFile(path));
    await chmod(elsewhere, 0o644);
    await rm(path);
    await symlink(elsewhere, path);
    await expect(loadTokenFile(directory, { warn })).rejects.toThrow('must be a file');
    expect((await stat(elsewhere)).mode & 0o777).toBe(0o644);
  });

  test.each([
    '',
    'hunter2-hunter2',
    '{"version":1,"tokens":["hunter2-hunter2"]}',
    '{"version":2,"tokens":[]}',
    '{"version":1,"tokens":[{"name":"a","purpose":"","secret":"hunter2-hunter2-","forGrafana":false,"grants":[{"permission":"view","streams":["*"]}],"hunter2-hunter2":1}]}',
    '{"hunter2-hunter2":1}',
  ])('refuses a damaged file without showing it: %s', async (content) => {
    await loadTokenFile(directory, { warn });
    await writeFile(path, content);
    const error: unknown = await loadTokenFile(directory, { warn }).catch((reason: unknown) => reason);
    expect(String(error)).toContain(path);
    expect(String(error)).not.toContain('hunter2');
    expect(await readFile(path, 'utf8')).toBe(content);
  });

  test('gives whole tokens out of any content or says which file is wrong, and never a secret', async () => {
    await loadTokenFile(directory, { warn });
    const secret = 'hunter2-hunter2-hunter2';
    const token = {
      name: 'admin',
      purpose: 'all',
      secret,
      forGrafana: false,
      grants: [{ permission: 'view', streams: ['*'] }],
    };
    const whole = { version: 1, tokens: [token] };
    const place = fc.constantFrom(
      'version',
      'tokens',
      'tokens.0',
      'tokens.0.secret',
      'tokens.0.name',
      'tokens.0.forGrafana',
      'tokens.0.grants',
      'tokens.0.grants.0',
      'tokens.0.grants.0.permission',
      'tokens.0.grants.0.streams.0',
      secret,
      `tokens.0.${secret}`,
      `tokens.0.grants.0.${secret}`,
      'tokens.1',
    );
    const value = fc.oneof(
      fc.constantFrom<unknown>(secret, [secret], { [secret]: secret }, token, undefined),
      fc.jsonValue({ maxDepth: 2 }),
      fc.string({ maxLength: 80 }),
    );
    const changed = fc.array(fc.tuple(place, value), { maxLength: 2 }).map((changes) => {
      const copy: unknown = structuredClone(whole);
      for (const [path, value] of changes) put(copy, path.split('.'), value);
      return JSON.stringify(copy);
    });
    const text = JSON.stringify(whole);
    const cut = fc
      .tuple(fc.nat(text.length), fc.string({ maxLength: 3 }), fc.nat(text.length))
      .map(([from, between, to]) => text.slice(0, from) + between + text.slice(to));
    await fc.assert(
      fc.asyncProperty(fc.oneof(changed, cut), async (content) => {
        await writeFile(path, content);
        const result: unknown = await loadTokenFile(directory, { warn }).catch((error: unknown) => error);
        expect(await readFile(path, 'utf8')).toBe(content);
        if (result instanceof Error) {
          expect(result.message.startsWith(`${path}: `)).toBe(true);
          expect(result.message.length - path.length).toBeLessThan(300);
          expect(`${result.message} ${String(result.cause)}`).not.toContain('hunter2');
          return;
        }
        expect(result).toEqual((JSON.parse(content) as typeof whole).tokens);
        for (const { secret, grants } of result as (typeof whole)['tokens']) {
          expect(secret.length).toBeGreaterThanOrEqual(16);
          for (const { permission, streams } of grants) {
            expect(permissions).toContain(permission);
            expect(streams.every(isStreamPattern)).toBe(true);
          }
        }
      }),
      shortTimeBox,
    );
  });
});

function put(into: unknown, [key = '', ...rest]: readonly string[], value: unknown): void {
  if (typeof into !== 'object' || into === null) return;
  if (rest.length === 0) Reflect.set(into, key, value);
  else put(Reflect.get(into, key), rest, value);
}
