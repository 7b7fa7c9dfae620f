import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

import { readEnvironment } from '../../media-relay/src/config/environment.ts';
import { composePlaces } from './backup/place.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(root + path, 'utf8');

const serviceSchema = z.object({
  image: z.string(),
  build: z.object({ context: z.string(), dockerfile: z.string() }).optional(),
  restart: z.string(),
  read_only: z.literal(true),
  cap_drop: z.tuple([z.literal('ALL')]),
  cap_add: z.array(z.string()).default([]),
  security_opt: z.array(z.string()),
  mem_limit: z.string(),
  pids_limit: z.number(),
  profiles: z.array(z.string()).default([]),
  user: z.string().optional(),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  command: z.array(z.string()).default([]),
  entrypoint: z.array(z.string()).default([]),
  environment: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  logging: z.object({ driver: z.string(), options: z.record(z.string(), z.string()) }),
});
const composeSchema = z.object({
  services: z.record(z.string(), serviceSchema),
  volumes: z.record(z.string(), z.unknown()),
});

const text = read('docker-compose.yml');
const compose = composeSchema.parse(parse(text, { merge: true }));
const strictText = read('provisioning/containers/compose.strict.yml');
const strict = z
  .object({ services: z.record(z.string(), z.looseObject({})), volumes: z.record(z.string(), z.unknown()) })
  .parse(parse(strictText, { merge: true }));
const tiers = Object.entries(strict.services)
  .filter(([name]) => /^prometheus-\d/.test(name))
  .map(([name, service]) => [name, serviceSchema.parse(service)] as const);
const withAlertmanager = z
  .object({ services: z.record(z.string(), z.looseObject({})), volumes: z.record(z.string(), z.unknown()) })
  .parse(parse(read('provisioning/containers/compose.alertmanager.yml'), { merge: true }));
const alertmanager = serviceSchema.parse(withAlertmanager.services['alertmanager']);
const all = [...Object.entries(compose.services), ...tiers, ['alertmanager', alertmanager] as const];
const service = (name: string): z.infer<typeof serviceSchema> => {
  const found = compose.services[name];
  if (found === undefined) throw new Error(`no service ${name}`);
  return found;
};

describe.each(all)('service %s', (name, { image, restart, cap_add, user, ...rest }) => {
  test('has a pinned image, limits, a restart policy, bounded logs and no rights to gain', () => {
    expect(image).toMatch(/^[a-z/]+:v?\d+\.\d+\.\d+$/);
    expect(rest.mem_limit).toMatch(/^(\$\{\w+:-)?\d+[mg]\}?$/);
    expect(rest.pids_limit).toBeGreaterThan(0);
    expect(rest.security_opt).toContain('no-new-privileges:true');
    expect(rest.logging.options).toEqual({ 'max-size': '10m', 'max-file': '3' });
    const endsByItself = name === 'init' || name === 'backup';
    expect(restart).toBe(endsByItself ? 'no' : 'unless-stopped');
    // These two hand files to others and read those of others.
    expect(user?.startsWith('0:') ?? false).toBe(endsByItself);
    expect(cap_add).toEqual(endsByItself ? ['CHOWN', 'DAC_OVERRIDE', 'FOWNER'] : []);
  });

  test('names volumes and files that exist', () => {
    const volumes = { ...compose.volumes, ...strict.volumes, ...withAlertmanager.volumes };
    for (const volume of rest.volumes) {
      const [source = ''] = volume.replace(/^\$\{\w+:-([^}]+)\}/, '$1').split(':');
      if (source.startsWith('./') && source !== './backups')
        expect([source, statSync(root + source).isDirectory()]).toEqual([source, true]);
      if (/^[a-z]/.test(source)) expect(volumes).toHaveProperty(source);
    }
    for (const other of Object.keys(rest.depends_on)) expect(compose.services).toHaveProperty(other);
  });
});

test('whoever needs a secret waits for the service that makes it', () => {
  const needy = Object.entries(compose.services).filter(
    ([name, { volumes }]) =>
      name !== 'init' && name !== 'backup' && volumes.some((volume) => volume.includes('-secrets:')),
  );
  expect(needy.map(([name]) => name)).toEqual(['exporter', 'prometheus', 'grafana']);
  for (const [, { depends_on, volumes }] of needy) {
    expect(depends_on['init']?.condition).toBe('service_completed_successfully');
    expect(volumes.filter((volume) => volume.includes('-secrets:'))).toEqual([
      expect.stringMatching(/-secrets:\/var\/lib\/sightline-secrets:ro$/),
    ]);
  }
});

test('no secret is written down: what may be one comes from a file or from the environment', () => {
  for (const file of [text, strictText, read('provisioning/containers/compose.host-network.yml')])
    for (const line of file.split('\n'))
      if (/(password|secret|token|key)\w*:\s/i.test(line) && !line.trimStart().startsWith('#'))
        expect(line).toMatch(
          /: \/var\/lib\/sightline-secrets\/[\w-]+$|: \$\{\w+:-\}$|^ *[\w-]+-secrets: \{\}$|_DISABLED: 'true'$/,
        );
});

test('every variable of the relay is one that it has', () => {
  const { environment } = service('relay');
  const { problems } = readEnvironment(
    Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, String(value)])),
  );
  expect(problems).toEqual([]);
});

test('media goes out by UDP and TCP to everybody; administration stays on this host', () => {
  const published = all.flatMap(([name, { ports }]) => ports.map((port) => `${name} ${port}`));
  expect(published.toSorted()).toEqual([
    'alertmanager 127.0.0.1:9093:9093',
    'grafana 3000:3000',
    'prometheus 127.0.0.1:9090:9090',
    'relay 127.0.0.1:8640:8640',
    'relay 8641:8641/tcp',
    'relay 8641:8641/udp',
  ]);
});

test('each Prometheus runs with the flags that its configuration asks for', () => {
  const strictHot = z.object({ command: z.array(z.string()) }).parse(strict.services['prometheus']);
  const stores = [
    ...all.filter(([, { image }]) => image.startsWith('prom/prometheus')).map(([, one]) => one),
    strictHot,
  ];
  expect(stores).toHaveLength(6);
  for (const { command } of stores) {
    const file = /^--config\.file=\/etc\/prometheus\/(.+)$/.exec(command[0] ?? '')?.[1] ?? '';
    const flags = /^# flags: (.+)$/m.exec(read(`provisioning/prometheus/${file}`))?.[1];
    expect([file, flags]).not.toContain(undefined);
    expect(command).toEqual(expect.arrayContaining((flags ?? '').split(' ')));
    expect(command).toContain('--web.enable-admin-api');
  }
});

test('the configuration of Prometheus names the services as they are called', () => {
  const known = [...Object.keys(compose.services), ...Object.keys(strict.services)];
  for (const file of ['prometheus.yml', 'strict/prometheus.yml']) {
    const config = read(`provisioning/prometheus/${file}`);
    for (const [, host] of config.matchAll(/['/]([a-z][\w-]*):\d{4}/g)) expect(known).toContain(host);
    for (const [, path] of config.matchAll(/credentials_file: ([^\s}]+)/g))
      expect(path).toBe('/var/lib/sightline-secrets/prometheus-token');
  }
});

test('everything that is kept is saved', () => {
  const kept = Object.keys(compose.volumes).filter(
    // Made anew, or of no use to anybody tomorrow.
    (name) => !['relay-log', 'grafana-alerting', 'loki-data'].includes(name),
  );
  const mounts = service('backup')
    .volumes.filter((volume) => /^[a-z]/.test(volume))
    .map((volume) => volume.split(':'));
  expect(mounts.map(([volume = '']) => volume).toSorted()).toEqual(kept.toSorted());
  const places = composePlaces.map(({ path }) => path);
  const forgotten = mounts.filter(
    ([, target = '']) => !places.some((path) => path === target || path.startsWith(`${target}/`)),
  );
  expect(forgotten).toEqual([]);
});

test('the variants change services that exist, and nothing else of them', () => {
  const host = z
    .object({ services: z.record(z.string(), z.looseObject({})) })
    .parse(parse(read('provisioning/containers/compose.host-network.yml'), { logLevel: 'silent' }));
  for (const name of Object.keys(host.services)) expect(compose.services).toHaveProperty(name);
  // Whoever asks "relay" asks the host then.
  const askers = Object.entries(host.services).filter(([name]) => name !== 'relay');
  for (const [, changed] of askers) expect(changed).toEqual({ extra_hosts: ['relay:host-gateway'] });
  expect(host.services['relay']).toMatchObject({ network_mode: 'host' });
  const own = Object.keys(strict.services).filter((name) => !tiers.some(([tier]) => tier === name));
  expect(own).toEqual(['prometheus', 'prometheus-long', 'backup']);
  expect(Object.keys(withAlertmanager.services)).toEqual(['prometheus', 'alertmanager']);
  // The place exists in what is mounted there already, which is read-only.
  const place = 'provisioning/prometheus/alertmanagers';
  expect(statSync(root + place).isDirectory()).toBe(true);
  expect(withAlertmanager.services['prometheus']).toEqual({
    volumes: ['./provisioning/alertmanager/targets:/etc/prometheus/alertmanagers:ro'],
  });
  expect(service('prometheus').volumes).toContain('./provisioning/prometheus:/etc/prometheus:ro');
});

test('what provisioning asks of its environment, a service says', () => {
  const files = ['src/contact-points.ts', 'src/mute-timings.ts', 'src/runbook.ts'].map((name) =>
    read(`provisioning/${name}`),
  );
  for (const [variable] of files.join('').matchAll(/SIGHTLINE_(?:ALERT|RUNBOOK)_[A-Z_]+/g))
    expect(service('init').environment).toHaveProperty(variable);
  const { environment, entrypoint, volumes } = service('grafana');
  for (const name of ['sightline', 'prometheus'])
    for (const [, variable = ''] of read(`provisioning/datasources/${name}.yaml`).matchAll(/: \$(\w+)$/gm))
      expect([...Object.keys(environment), ...entrypoint].join(' ')).toContain(variable);
  const path = /path: (\S+)$/m.exec(read('provisioning/dashboards/sightline.yaml'))?.[1];
  expect(volumes).toContain(`./provisioning/dashboards:${path}:ro`);
});
