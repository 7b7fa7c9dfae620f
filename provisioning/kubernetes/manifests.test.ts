import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';

import { loadConfig } from '../../media-relay/src/config/load.ts';
import { parseConfig } from '../../media-relay/src/config/parse.ts';
import { healthRoutes } from '../../media-relay/src/http/routes/health.ts';
import { readSettings } from '../../exporter/src/service/settings.ts';
import { catalogue } from '../../exporter/src/catalogue.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));
const read = (name: string): string => readFileSync(folder + name, 'utf8');

const labels = z.record(z.string(), z.string());
const probe = z.object({ httpGet: z.object({ path: z.string(), port: z.string() }) });
const container = z.object({
  name: z.string(),
  image: z.string(),
  env: z.array(z.looseObject({ name: z.string(), value: z.string().optional() })),
  ports: z.array(
    z.object({
      name: z.string(),
      containerPort: z.number(),
      hostPort: z.number().optional(),
      protocol: z.string().optional(),
    }),
  ),
  startupProbe: probe.optional(),
  livenessProbe: probe,
  readinessProbe: probe,
  resources: z.object({ requests: labels, limits: labels }),
  securityContext: z.object({
    allowPrivilegeEscalation: z.literal(false),
    readOnlyRootFilesystem: z.literal(true),
    capabilities: z.object({ drop: z.tuple([z.literal('ALL')]) }),
  }),
  volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string() })),
});
const workload = z.object({
  kind: z.enum(['StatefulSet', 'DaemonSet']),
  metadata: z.object({ name: z.string() }),
  spec: z.object({
    serviceName: z.string().optional(),
    selector: z.object({ matchLabels: labels }),
    template: z.object({
      metadata: z.object({ labels }),
      spec: z.object({
        automountServiceAccountToken: z.literal(false),
        securityContext: z.looseObject({ runAsNonRoot: z.literal(true), runAsUser: z.number() }),
        containers: z.array(container).length(1),
        volumes: z.array(z.looseObject({ name: z.string() })),
      }),
    }),
    volumeClaimTemplates: z.array(z.object({ metadata: z.object({ name: z.string() }) })).default([]),
  }),
});
const service = z.object({
  kind: z.literal('Service'),
  metadata: z.object({ name: z.string(), labels }),
  spec: z.object({
    selector: labels,
    ports: z.array(z.object({ name: z.string(), port: z.number(), targetPort: z.string() })),
  }),
});
const monitor = z.object({
  kind: z.literal('ServiceMonitor'),
  metadata: z.object({ name: z.string() }),
  spec: z.object({
    selector: z.object({ matchLabels: labels }),
    endpoints: z.array(
      z.object({ port: z.string(), path: z.string(), relabelings: z.array(z.looseObject({})) }),
    ),
  }),
});

const kustomization = z
  .object({
    resources: z.array(z.string()),
    images: z.array(z.object({ name: z.string(), newTag: z.string() })),
  })
  .parse(parse(read('kustomization.yaml')));
const objects = kustomization.resources.flatMap((name) =>
  parseAllDocuments(read(name)).map((document): unknown => document.toJS()),
);
const ofKind = <T>(schema: z.ZodType<T>, ...kinds: readonly string[]): T[] =>
  objects
    .filter((object) => kinds.includes(z.looseObject({ kind: z.string() }).parse(object).kind))
    .map((object) => schema.parse(object));
const workloads = ofKind(workload, 'StatefulSet', 'DaemonSet');
const services = ofKind(service, 'Service');
const monitors = ofKind(monitor, 'ServiceMonitor');
const fits = (wanted: Record<string, string>, found: Record<string, string>): boolean =>
  Object.entries(wanted).every(([name, value]) => found[name] === value);

test('there is a relay with state and an exporter on every node', () => {
  expect(workloads.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
    'StatefulSet relay',
    'DaemonSet exporter',
  ]);
});

describe.each(workloads.map((one) => [one.metadata.name, one] as const))('%s', (name, { spec }) => {
  const [main] = spec.template.spec.containers;
  if (main === undefined) throw new Error('no container');

  test('selects its own pods, which a service finds by ports that exist', () => {
    expect(fits(spec.selector.matchLabels, spec.template.metadata.labels)).toBe(true);
    const own = services.filter((one) => fits(one.spec.selector, spec.template.metadata.labels));
    expect(own.map((one) => one.metadata.name)).toContain(name);
    if (spec.serviceName !== undefined)
      expect(own.map((one) => one.metadata.name)).toContain(spec.serviceName);
    const named = new Map(main.ports.map((port) => [port.name, port.containerPort]));
    for (const { port, targetPort } of own.flatMap((one) => one.spec.ports))
      expect(named.get(targetPort)).toBe(port);
  });

  test('has limits, an image with a tag, and mounts what it declares', () => {
    expect(main.resources.limits['memory']).toMatch(/^\d+[MG]i$/);
    expect(main.resources.requests['cpu']).toBeDefined();
    expect(kustomization.images.find((image) => image.name === main.image)?.newTag).toMatch(
      /^\d+\.\d+\.\d+$/,
    );
    const declared = [
      ...spec.template.spec.volumes.map((volume) => volume.name),
      ...spec.volumeClaimTemplates.map((claim) => claim.metadata.name),
    ];
    expect(main.volumeMounts.map((mount) => mount.name).toSorted()).toEqual(declared.toSorted());
  });

  test('is probed where it answers', () => {
    const known = healthRoutes({
      health: () => ({ status: 'ok', ready: true, reasons: [] }),
      version: '1',
    } as unknown as Parameters<typeof healthRoutes>[0]).map((route) => route.path);
    const probes = [main.startupProbe, main.livenessProbe, main.readinessProbe].flatMap((one) => one ?? []);
    for (const { httpGet } of probes) {
      expect(known).toContain(httpGet.path);
      expect(main.ports.map((port) => port.name)).toContain(httpGet.port);
    }
    // A camera that is down must not restart the others.
    expect(main.livenessProbe.httpGet.path).toBe('/live');
    expect(main.readinessProbe.httpGet.path).toBe('/ready');
  });

  test('is watched by the operator under the job that the rules know', () => {
    const found = monitors.filter((one) => one.metadata.name === name);
    expect(found).toHaveLength(1);
    for (const { spec: wanted } of found) {
      const target = services.filter((one) => fits(wanted.selector.matchLabels, one.metadata.labels));
      expect(target.map((one) => one.metadata.name)).toEqual([name]);
      for (const endpoint of wanted.endpoints) {
        expect(target[0]?.spec.ports.map((port) => port.name)).toContain(endpoint.port);
        expect(endpoint.path).toBe('/metrics');
        const job = name === 'relay' ? 'sightline' : 'sightline-exporter';
        expect(endpoint.relabelings).toContainEqual({ targetLabel: 'job', replacement: job });
      }
    }
  });
});

test("the relay's ports are its defaults, and media reaches the node by UDP and TCP", async () => {
  const { http, media } = await loadConfig(undefined, {});
  const ports = workloads[0]?.spec.template.spec.containers[0]?.ports;
  expect(ports).toEqual([
    { name: 'http', containerPort: http.port },
    { name: 'media-udp', containerPort: media.port, hostPort: media.port, protocol: 'UDP' },
    { name: 'media-tcp', containerPort: media.port, hostPort: media.port, protocol: 'TCP' },
  ]);
});

test("the relay's configuration and variables are right, and its tokens are those of the secret", () => {
  const [relay] = workloads;
  const variables = (relay?.spec.template.spec.containers[0]?.env ?? []).map(({ name, value }) => [
    name,
    value ?? '10.0.0.1',
  ]);
  const asked: string[] = [];
  const config = parseConfig(read('relay-config.yaml'), {
    file: '/etc/sightline/relay.yaml',
    environment: Object.fromEntries(variables) as Record<string, string>,
    readText(path) {
      asked.push(path);
      return `0123456789-${path}`;
    },
  });
  expect(asked).toEqual(
    ['grafana', 'prometheus', 'admin'].map((name) => `/var/run/sightline-tokens/${name}`),
  );
  expect(config.media.announce).toEqual(['10.0.0.1']);
  expect(config.tokens.map(({ permissions }) => permissions)).toEqual([
    ['view'],
    ['metrics'],
    ['view', 'publish', 'metrics', 'admin'],
  ]);
});

test("the exporter's variables are ones that it has, on its default port", () => {
  const exporter = workloads[1]?.spec.template.spec.containers[0];
  const names = exporter?.env.map(({ name }) => name) ?? [];
  const { settings } = z.object({ settings: z.object({ port: z.number() }) }).parse(readSettings([], {}));
  expect(exporter?.ports.map((port) => port.containerPort)).toEqual([settings.port]);
  expect(names).toEqual(['ADDRESS', 'ACCESS_FILE', 'HOST_ROOT'].map((name) => `SIGHTLINE_EXPORTER_${name}`));
  for (const name of names.slice(1))
    expect(() => readSettings([], { [name]: '/nowhere' })).toThrow('/nowhere');
});

test('more relays are started by viewers, a metric that exists and that the adapter offers', () => {
  const autoscaler = z
    .object({
      spec: z.object({
        scaleTargetRef: z.object({ kind: z.string(), name: z.string() }),
        metrics: z.array(z.object({ pods: z.object({ metric: z.object({ name: z.string() }) }) })),
      }),
    })
    .parse(parse(read('relay-hpa.yaml')));
  expect(autoscaler.spec.scaleTargetRef).toMatchObject({ kind: workloads[0]?.kind, name: 'relay' });
  const [metric] = autoscaler.spec.metrics.map(({ pods }) => pods.metric.name);
  expect(Object.keys(catalogue)).toContain(metric);
  expect(read('prometheus-adapter-rules.yaml')).toContain(`seriesQuery: '${metric}{`);
});

test('no secret is committed', () => {
  expect(objects.map((object) => z.looseObject({ kind: z.string() }).parse(object).kind)).not.toContain(
    'Secret',
  );
  expect(read('relay-config.yaml')).not.toMatch(/\btoken: /);
});
