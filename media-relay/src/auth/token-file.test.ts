import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

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
  ])('refuses a damaged file without showing it: %s', async (content) => {
    await loadTokenFile(directory, { warn });
    await writeFile(path, content);
    const error: unknown = await loadTokenFile(directory, { warn }).catch((reason: unknown) => reason);
    expect(String(error)).toContain(path);
    expect(String(error)).not.toContain('hunter2');
    expect(await readFile(path, 'utf8')).toBe(content);
  });
});
