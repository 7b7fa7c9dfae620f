import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { init, users } from './init.ts';
import type { InitFolders } from './init.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
let base: string;
let folders: InitFolders;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'sightline-init-'));
  folders = {
    state: join(base, 'state'),
    handover: join(base, 'handover'),
    alerting: join(base, 'alerting'),
  };
});
afterEach(() => rmSync(base, { recursive: true }));

async function run(
  environment: Record<string, string> = {},
): Promise<{ said: string; owners: Map<string, number> }> {
  const said: string[] = [];
  const owners = new Map<string, number>();
  await init(folders, {
    environment,
    say: (line) => said.push(line),
    chown: (path, user) => owners.set(path.slice(base.length + 1), user),
  });
  return { said: said.join('\n'), owners };
}

const secrets = (): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folders.handover, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => [entry.name, readFileSync(join(entry.parentPath, entry.name), 'utf8').trim()]),
  );

test('makes what is secret once, for each user its own, and says where it is, not what', async () => {
  const { said, owners } = await run();
  const made = secrets();
  expect(Object.keys(made).toSorted()).toEqual([
    'grafana-admin-password',
    'grafana-secret-key',
    'grafana-token',
    'prometheus-token',
  ]);
  expect(new Set(Object.values(made)).size).toBe(4);
  for (const secret of Object.values(made)) {
    expect(secret).toMatch(/^[\w-]{43}$/);
    expect(said).not.toContain(secret);
  }
  expect(said).toContain('grafana-admin-password');
  expect(statSync(join(folders.handover, 'grafana/grafana-token')).mode & 0o777).toBe(0o400);
  expect(owners.get('state/tokens.json')).toBe(users.relay);
  expect(owners.get('handover/grafana/grafana-token.new')).toBe(users.grafana);
  expect(owners.get('handover/prometheus/prometheus-token.new')).toBe(users.prometheus);
  expect(owners.get('alerting/sightline-rules.yaml')).toBe(users.grafana);

  await run();
  expect(secrets()).toEqual(made);
});

test('new tokens of the relay are handed over, the password stays', async () => {
  await run();
  const before = secrets();
  rmSync(join(folders.state, 'tokens.json'));
  await run();
  const after = secrets();
  expect(after['grafana-admin-password']).toBe(before['grafana-admin-password']);
  expect(after['grafana-token']).not.toBe(before['grafana-token']);
  expect(after['prometheus-token']).not.toBe(before['prometheus-token']);
});

test('a channel that the environment names is written, with a mode that keeps it', async () => {
  await run({ SIGHTLINE_ALERT_EMAIL: 'noc@example.com' });
  const points = join(folders.alerting, 'sightline-contact-points.yaml');
  expect(readFileSync(points, 'utf8')).toContain('noc@example.com');
  await run({ SIGHTLINE_ALERT_EMAIL: '' });
  expect(readdirSync(folders.alerting)).not.toContain('sightline-contact-points.yaml');
});

test.each(['init.ts', 'backup/main.ts'])(
  '%s imports what the image of the relay has, and nothing else',
  (name) => {
    const { dependencies } = JSON.parse(readFileSync(join(root, 'media-relay/package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    const seen = new Set<string>();
    const follow = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      for (const [, target = ''] of readFileSync(file, 'utf8').matchAll(
        /^(?:import|export) [^;]*?from '([^']+)';/gm,
      ))
        if (target.startsWith('.')) follow(join(dirname(file), target));
        else if (!target.startsWith('node:')) expect(Object.keys(dependencies)).toContain(target);
    };
    follow(join(root, 'provisioning/containers', name));
    expect(seen.size).toBeGreaterThan(4);
    for (const file of seen)
      expect(file.slice(root.length)).toMatch(/^(media-relay\/src|exporter\/src|provisioning)\//);
  },
);
